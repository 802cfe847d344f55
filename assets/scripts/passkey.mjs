// Passkeys: a form asks the browser for a key, and sends what the key signed. Without script the form stays hidden.
import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';

const START = { 'sign-in': startAuthentication, register: startRegistration };

const formOf = (box) => box.querySelector('form');

async function fetchOptions(box) {
  const body = new URLSearchParams({ _csrf: formOf(box).elements.namedItem('_csrf').value });
  const answer = await fetch(box.dataset.options, { method: 'POST', body });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return answer.json();
}

async function ask(box, useBrowserAutofill = false) {
  const optionsJSON = await fetchOptions(box);
  const given = await START[box.dataset.passkey]({ optionsJSON, useBrowserAutofill });
  formOf(box).elements.namedItem('answer').value = JSON.stringify(given);
  formOf(box).submit();
}

// Which sentence: nobody answered, the device has a key of this account already, or something else.
const reasonOf = (error) =>
  ({ NotAllowedError: 'cancelled', InvalidStateError: 'known' })[error.name] ?? 'failed';

function watch(box) {
  const message = box.querySelector('[data-message]');
  let busy = false;
  formOf(box).addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    message.hidden = true;
    try {
      await ask(box);
    } catch (error) {
      message.textContent = message.dataset[reasonOf(error)];
      message.hidden = false;
    }
    busy = false;
  });
}

async function offerAutofill(box) {
  if (box.dataset.autofill === undefined || !(await browserSupportsWebAuthnAutofill())) return;
  // Whoever types instead, or presses the button, ends it.
  await ask(box, true).catch(() => {});
}

const supported = browserSupportsWebAuthn();
for (const element of document.querySelectorAll('[data-passkey-script]')) element.hidden = true;
for (const element of document.querySelectorAll('[data-passkey-only]')) element.hidden = !supported;
for (const element of document.querySelectorAll('[data-passkey-without]')) element.hidden = supported;
for (const box of document.querySelectorAll('[data-passkey]')) {
  watch(box);
  if (supported) offerAutofill(box);
}
