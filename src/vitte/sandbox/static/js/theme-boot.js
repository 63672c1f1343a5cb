// Not a module: it must run before the first paint, or a dark page would flash white.
(() => {
  try {
    const theme = localStorage.getItem("vitte.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that forbids storage gets the system's theme.
  }
})();
