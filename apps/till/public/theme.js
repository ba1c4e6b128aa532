// Applies a chosen appearance before the first paint. A plain script, so that nothing flashes.
try {
  const theme = localStorage.getItem('tallystick/theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the device's own preference applies.
}
