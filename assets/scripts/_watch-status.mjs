const OFTEN_MS = 4_000;
const SELDOM_MS = 20_000;
const OFTEN_FOR_MS = 300_000;

/**
 * Asks `data-status-url` for `{status}` from time to time while the page is looked at, and goes to
 * `data-next-url` when the answer is no longer `data-status`: the link was opened, perhaps on another device.
 */
export function watchStatus(element) {
  const { statusUrl, nextUrl, status } = element.dataset;
  const since = Date.now();

  const again = () => {
    const pause = Date.now() - since < OFTEN_FOR_MS ? OFTEN_MS : SELDOM_MS;
    setTimeout(ask, pause);
  };
  const ask = async () => {
    if (document.hidden) return again();
    try {
      const answer = await fetch(statusUrl, { headers: { Accept: 'application/json' }, cache: 'no-store' });
      // The sign-in went on in another tab, or is over: the page that follows says so.
      const over = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
      if (over || (answer.ok && (await answer.json()).status !== status)) {
        window.location.assign(nextUrl);
        return;
      }
    } catch {
      // No network just now: ask again later.
    }
    again();
  };
  again();
}
