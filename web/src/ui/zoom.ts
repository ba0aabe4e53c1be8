// Dragging over a chart of time makes what is under the pointer the range of the page.
import { change, go } from '../lib/location.js';
import type { ECharts } from './echarts.js';

/** Less is a click. */
const LEAST_PIXELS = 8;
/** Shorter ranges have no window in them. */
const LEAST_MS = 60_000;

interface Pointed {
  offsetX: number;
  offsetY: number;
}

/** Let a chart be dragged over. */
export function zoomByDragging(chart: ECharts, element: HTMLElement): () => void {
  const surface = chart.getZr();
  const band = document.createElement('div');
  band.className = 'zoom-band';
  let start: number | null = null;
  const down = ({ offsetX, offsetY }: Pointed): void => {
    if (chart.containPixel('grid', [offsetX, offsetY])) start = offsetX;
  };
  const move = ({ offsetX }: Pointed): void => {
    if (start === null) return;
    if (Math.abs(offsetX - start) >= LEAST_PIXELS && !band.isConnected) element.append(band);
    band.style.left = `${Math.min(start, offsetX)}px`;
    band.style.width = `${Math.abs(offsetX - start)}px`;
  };
  const stop = (): void => {
    start = null;
    band.remove();
  };
  const up = ({ offsetX }: Pointed): void => {
    const [a, b] = [start ?? offsetX, offsetX].sort((left, right) => left - right) as [number, number];
    const drawn = start !== null && b - a >= LEAST_PIXELS;
    stop();
    if (!drawn) return;
    const at = (pixel: number): number => Math.round(chart.convertFromPixel({ xAxisIndex: 0 }, pixel) / 1000) * 1000;
    const [from, to] = [at(a), at(b)];
    if (to - from < LEAST_MS) return;
    go(change({ range: null, from: new Date(from).toISOString(), to: new Date(to).toISOString() }));
  };
  surface.on('mousedown', down);
  surface.on('mousemove', move);
  surface.on('mouseup', up);
  surface.on('globalout', stop);
  return stop;
}
