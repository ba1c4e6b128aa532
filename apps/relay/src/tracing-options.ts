// Whether and where to a relay sends traces; what sends them is loaded only then.

export interface TracingOptions {
  /** Where spans are sent, by OTLP over HTTP: the address of a collector, without `/v1/traces`. */
  readonly endpoint: string;
  /** Of the requests that no other trace is about, how many have one: 0 to 1. Default 1. */
  readonly ratio?: number;
}

/** As OpenTelemetry names them in the environment; undefined where nobody asks for traces. */
export function tracingOf(environment: NodeJS.ProcessEnv): TracingOptions | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER_ARG: text } = environment;
  if (endpoint === undefined || endpoint === '') return undefined;
  const ratio = Number(text ?? 1);
  return { endpoint, ratio: ratio >= 0 && ratio <= 1 ? ratio : 1 };
}
