// Colours of charts, which SVG attributes cannot take from the style sheet. The same tokens as styles/tokens.css.

export interface Palette {
  text: string;
  muted: string;
  line: string;
  card: string;
  accent: string;
  watch: string;
  critical: string;
  baseline: string;
  /** Told apart with any colour vision. */
  series: readonly string[];
}

const SERIES = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'] as const;
const DARK_SERIES = ['#4aa8e0', '#e69f00', '#2bbd92', '#cc79a7', '#8fd0f5', '#f07f3c'] as const;

const LIGHT: Palette = {
  text: '#1b1f24',
  muted: '#57606a',
  line: '#e3e8ed',
  card: '#ffffff',
  accent: '#0f6e66',
  watch: '#8a5a00',
  critical: '#c11c28',
  baseline: '#818b96',
  series: SERIES,
};
const DARK: Palette = {
  text: '#e6edf3',
  muted: '#9aa7b4',
  line: '#2a323c',
  card: '#171d24',
  accent: '#3fb8a9',
  watch: '#d29922',
  critical: '#ff6b64',
  baseline: '#7d8995',
  series: DARK_SERIES,
};

/** The colours of a theme. */
export function paletteOf(dark: boolean): Palette {
  return dark ? DARK : LIGHT;
}

/** The colour of the n-th series. */
export function seriesColor(palette: Palette, index: number): string {
  return palette.series[index % palette.series.length] ?? palette.accent;
}
