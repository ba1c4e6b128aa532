// Traces for OpenTelemetry (docs/operating.md, "Traces"): a span for each request, under that of whoever sent it, and one for each commit, linked to the pushes that
// became durable in it. Loaded only where traces are asked for.
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { RelayEvent, RelayStore } from '@tallystick/relay-protocol';
import type { Asked } from './request-kind.ts';
import type { TracingOptions } from './tracing-options.ts';

/** One request on its way: `end` is called once. */
export interface RequestTrace {
  end(status: number, code: string | undefined): void;
}

export interface Tracing {
  /** `traceparent` is the header of that name. */
  begin(asked: Asked, method: string, traceparent: string | undefined): RequestTrace;
  /** The same store; how long its appends take goes into the span of their commit. */
  observe<S extends RelayStore>(store: S): S;
  event(event: RelayEvent): void;
  /** Resolves when what was recorded is sent, or could not be. */
  close(): Promise<void>;
}

const parentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

export function createTracing({ endpoint, ratio = 1 }: TracingOptions, instance: string): Tracing {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'tallystick-relay', 'service.instance.id': instance }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('tallystick-relay');
  const spans = new WeakMap<RequestTrace, Span>();
  /** Appends since the last commit: one commit is under way at a time. */
  let appends: { readonly startMs: number; readonly endMs: number; readonly batches: number }[] = [];
  return {
    begin({ kind, book }, method, traceparent) {
      const attributes: Attributes = {
        'http.request.method': method,
        ...(book === undefined ? {} : { 'tallystick.book': book }),
      };
      const span = tracer.startSpan(kind, { kind: SpanKind.SERVER, attributes }, parentOf(traceparent));
      const request: RequestTrace = {
        end(status, code) {
          span.setAttribute('http.response.status_code', status);
          if (code !== undefined) span.setAttribute('error.type', code);
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
      spans.set(request, span);
      return request;
    },
    observe: (store) => ({
      ...store,
      async append(batches) {
        const startMs = Date.now();
        await store.append(batches);
        appends.push({ startMs, endMs: Date.now(), batches: batches.length });
      },
    }),
    event(event) {
      if (event.kind !== 'committed') return;
      const { pushes, ops, signaturesChecked, durationMs, of } = event;
      const links = of
        .map((one) => spans.get(one as RequestTrace))
        .filter((span) => span !== undefined && span.isRecording())
        .map((span) => ({ context: (span as Span).spanContext() }));
      const appended = appends;
      appends = [];
      // Where nobody follows a push of it, nobody asks about the commit.
      if (links.length === 0) return;
      const endMs = Date.now();
      const attributes = {
        'tallystick.pushes': pushes,
        'tallystick.ops': ops,
        'tallystick.signatures': signaturesChecked,
      };
      const span = tracer.startSpan(
        'commit',
        { root: true, links, attributes, startTime: endMs - durationMs },
        ROOT_CONTEXT,
      );
      const within = trace.setSpan(ROOT_CONTEXT, span);
      for (const { startMs, endMs: at, batches } of appended)
        tracer
          .startSpan('append', { startTime: startMs, attributes: { 'tallystick.batches': batches } }, within)
          .end(at);
      span.end(endMs);
    },
    close: () => provider.shutdown().catch(() => undefined),
  };
}

function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags = '00'] = parentPattern.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}
