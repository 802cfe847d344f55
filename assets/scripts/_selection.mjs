// The list of guardians: keeps the count of selected accounts (not of rows), and the boxes of one account alike.
export function watchSelection(list) {
  const all = list.querySelector('[data-select-all]');
  const boxes = [...list.querySelectorAll('input[name="account"]')];
  const count = list.querySelector('[data-selection-count]');
  const pageLink = list.querySelector('[data-select-page]');
  if (!all || !count) return;

  const tell = () => {
    const chosen = new Set(boxes.filter((box) => box.checked).map((box) => box.value)).size;
    const told = all.checked ? list.dataset.accounts : String(chosen);
    count.textContent = count.dataset.text.replace('%d', told);
  };
  const setAll = (checked) => {
    for (const box of boxes) box.checked = checked;
  };
  all.addEventListener('change', () => {
    setAll(all.checked);
    tell();
  });
  for (const box of boxes) {
    box.addEventListener('change', () => {
      for (const other of boxes) if (other.value === box.value) other.checked = box.checked;
      if (!box.checked) all.checked = false;
      tell();
    });
  }
  pageLink?.addEventListener('click', (event) => {
    event.preventDefault();
    all.checked = false;
    setAll(true);
    tell();
  });
  // The browser may have kept boxes as they were, on the way back.
  addEventListener('pageshow', () => {
    if (all.checked) setAll(true);
    tell();
  });
  tell();
}
