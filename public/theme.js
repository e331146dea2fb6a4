// Loaded in the head before the first paint, so that a chosen theme never flashes the other one.
// 'light' or 'dark' is a choice of the reader; nothing stored means: as the system has it.
try {
  var theme = localStorage.getItem('slipway.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch (_) { /* storage is blocked: follow the system */ }
