// localStorage and sessionStorage that never throw: private windows may forbid both.

const wrap = (pick) => ({
  get(key) {
    try {
      return pick().getItem(`vitte.${key}`);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value === null || value === "") pick().removeItem(`vitte.${key}`);
      else pick().setItem(`vitte.${key}`, String(value));
    } catch {
      // Nothing depends on it: the page only forgets a preference.
    }
  },
});

export const lasting = wrap(() => window.localStorage);
export const passing = wrap(() => window.sessionStorage);
