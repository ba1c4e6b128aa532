// Light, dark, or whatever the device prefers. The choice is applied before the first paint by public/theme.js.

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const themeName = 'tallystick/theme';

export function storedTheme(): Theme {
  const stored = globalThis.localStorage?.getItem(themeName);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') {
    globalThis.localStorage.removeItem(themeName);
    delete document.documentElement.dataset['theme'];
  } else {
    globalThis.localStorage.setItem(themeName, theme);
    document.documentElement.dataset['theme'] = theme;
  }
}
