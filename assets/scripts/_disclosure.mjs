// Menus and choices are <details>: one is open at a time, and Escape or a click elsewhere closes it.
export function watchDisclosures(all) {
  const closeOthers = (kept) => {
    for (const one of all) if (one !== kept) one.open = false;
  };
  for (const one of all) {
    one.addEventListener('toggle', () => {
      if (one.open) closeOthers(one);
    });
    one.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !one.open) return;
      one.open = false;
      one.querySelector('summary')?.focus();
    });
  }
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node) closeOthers(all.find((one) => one.contains(target)));
  });
}
