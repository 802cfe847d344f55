// Passkeys: a form asks the browser for a key, and sends what the key signed. Without script the form stays hidden.
import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';

const START = { 'sign-in': startAuthentication, register: startRegistration };

async function fetchOptions(form) {
  const body = new URLSearchParams({ _csrf: form.elements.namedItem('_csrf').value });
  const answer = await fetch(form.dataset.options, { method: 'POST', body });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return answer.json();
}

async function ask(form, useBrowserAutofill = false) {
  const optionsJSON = await fetchOptions(form);
  const given = await START[form.dataset.passkey]({ optionsJSON, useBrowserAutofill });
  form.elements.namedItem('answer').value = JSON.stringify(given);
  form.submit();
}

// Which sentence: nobody answered, the device has a key of this account already, or something else.
const reasonOf = (error) =>
  ({ NotAllowedError: 'cancelled', InvalidStateError: 'known' })[error.name] ?? 'failed';

function watch(form) {
  const message = form.querySelector('[data-message]');
  let busy = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    message.hidden = true;
    try {
      await ask(form);
    } catch (error) {
      message.textContent = message.dataset[reasonOf(error)];
      message.hidden = false;
    }
    busy = false;
  });
}

async function offerAutofill(form) {
  if (form.dataset.autofill === undefined || !(await browserSupportsWebAuthnAutofill())) return;
  // Whoever types instead, or presses the button, ends it.
  await ask(form, true).catch(() => {});
}

const supported = browserSupportsWebAuthn();
for (const element of document.querySelectorAll('[data-passkey-only]')) element.hidden = !supported;
for (const element of document.querySelectorAll('[data-passkey-without]')) element.hidden = supported;
for (const form of document.querySelectorAll('form[data-passkey]')) {
  watch(form);
  if (supported) offerAutofill(form);
}
