// Runs before the page is painted, so that a dark page does not flash white.
(() => {
  const KEY = "vitte-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const show = () => {
    const chosen = localStorage.getItem(KEY);
    root.setAttribute("data-bs-theme", chosen ?? (system.matches ? "dark" : "light"));
  };

  show();
  system.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-vitte-theme-switch]")) return;
    localStorage.setItem(KEY, root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark");
    show();
  });
})();
