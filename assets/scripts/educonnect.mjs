// Enhances pages that work without it: show password, focus on the summary of errors, one submit per click.
import { Button } from 'govuk-frontend/dist/govuk/components/button/button.mjs';
import { ErrorSummary } from 'govuk-frontend/dist/govuk/components/error-summary/error-summary.mjs';
import { PasswordInput } from 'govuk-frontend/dist/govuk/components/password-input/password-input.mjs';
import { SkipLink } from 'govuk-frontend/dist/govuk/components/skip-link/skip-link.mjs';
import { watchDisclosures } from './_disclosure.mjs';
import { watchSelection } from './_selection.mjs';
import { watchStatus } from './_watch-status.mjs';

// The library looks for these two; its own template sets them with an inline script, which our policy refuses.
document.body.classList.add('js-enabled', 'govuk-frontend-supported');

for (const Component of [Button, ErrorSummary, PasswordInput, SkipLink]) {
  for (const element of document.querySelectorAll(`[data-module="${Component.moduleName}"]`)) {
    new Component(element);
  }
}

const watched = document.querySelector('[data-status-url]');
if (watched instanceof HTMLElement) watchStatus(watched);

const disclosures = [...document.querySelectorAll('details[data-module="ec-disclosure"]')];
if (disclosures.length > 0) watchDisclosures(disclosures);

const list = document.querySelector('[data-module="ec-selection"]');
if (list instanceof HTMLElement) watchSelection(list);
