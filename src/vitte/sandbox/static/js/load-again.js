// A browser drops what it is loading when the machine's networks change: a VPN connects, a container starts. Without
// one of its scripts the page would stay empty, so it is loaded again; not for ever, as the reason may be another.
// A page that has started counts anew.
(() => {
  const KEY = "vitte.loadedAgain";
  const MOST = 3;
  addEventListener("error", ({ target }) => {
    if (target?.tagName !== "SCRIPT") return;
    try {
      const times = Number(sessionStorage.getItem(KEY) ?? 0);
      if (times >= MOST) return;
      sessionStorage.setItem(KEY, times + 1);
      location.reload();
    } catch {
      // A browser that forbids storage cannot count, and so does not load again.
    }
  }, true);
})();
