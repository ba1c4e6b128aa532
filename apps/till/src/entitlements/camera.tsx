// Reading a QR code by the camera: by the browser's own detector where there is one, otherwise by a decoder that is fetched for it.
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** As far as this till needs it; the types of browsers do not know it yet. */
interface Detector {
  detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { readonly formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

type Read = (video: HTMLVideoElement) => Promise<string | undefined>;

const everyMs = 120;
/** Wide enough for the densest code that a wallet shows. */
const widestPixels = 1_280;

export interface CameraProps {
  readonly onRead: (text: string) => void;
}

export function Camera({ onRead }: CameraProps): VNode {
  const video = useRef<HTMLVideoElement>(null);
  const [fault, setFault] = useState(false);
  useEffect(() => {
    const stopped = new AbortController();
    void watch(video.current, onRead, stopped.signal).catch(() => setFault(true));
    return () => stopped.abort();
  }, []);
  if (fault) {
    return (
      <p class="inline-fault" role="alert">
        There is no camera here, or this page may not use it. Scan or paste the code instead.
      </p>
    );
  }
  return <video ref={video} class="camera" muted playsInline aria-label="What the camera sees" />;
}

/** Hands over the first code that is seen, and lets go of the camera then and whenever it is stopped. */
async function watch(
  video: HTMLVideoElement | null,
  onRead: (text: string) => void,
  stopped: AbortSignal,
): Promise<void> {
  if (video === null) return;
  const size = { width: { ideal: widestPixels }, facingMode: 'environment' };
  const stream = await navigator.mediaDevices.getUserMedia({ video: size });
  try {
    video.srcObject = stream;
    await video.play();
    const read = await createReader();
    while (!stopped.aborted) {
      const text = await read(video);
      if (stopped.aborted) return;
      if (text !== undefined) return onRead(text);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
  }
}

async function createReader(): Promise<Read> {
  const { BarcodeDetector: detectors } = globalThis as { readonly BarcodeDetector?: DetectorClass };
  if (detectors !== undefined && (await detectors.getSupportedFormats()).includes('qr_code')) {
    const detector = new detectors({ formats: ['qr_code'] });
    return async (video) => (await detector.detect(video))[0]?.rawValue;
  }
  const { decodeQR } = await import('qr/decode.js');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    if (context === null || video.videoWidth === 0) return undefined;
    const shrink = Math.min(1, widestPixels / video.videoWidth);
    canvas.width = Math.round(video.videoWidth * shrink);
    canvas.height = Math.round(video.videoHeight * shrink);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      // Most pictures show no code.
      return undefined;
    }
  };
}
