/** The few HTML pages of the simulators: text is always escaped, styles are one small sheet, no script at all. */

export type Html = { readonly html: string };

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

type Part = Html | string | number | null | undefined | false | readonly Part[];

/** Template tag: what is put in is escaped unless it is itself `Html`; nothing for null, undefined and false. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  return {
    html: texts.map((text, index) => text + (index < parts.length ? render(parts[index]) : '')).join(''),
  };
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  if (Array.isArray(part)) return part.map(render).join('');
  return (part as Html).html;
}

/** Text with its web addresses as links; everything else is escaped. */
export function linked(text: string): Html {
  const pieces = text.split(/(https?:\/\/[^\s<>"'«»]*[^\s<>"'«».,;:!?)\]])/);
  return {
    html: pieces
      .map((piece, index) =>
        index % 2 === 1
          ? `<a href="${escapeHtml(piece)}" rel="noreferrer">${escapeHtml(piece)}</a>`
          : escapeHtml(piece),
      )
      .join(''),
  };
}

/** Colours of one program, so that nobody wonders which of them he is looking at. */
export type Theme = { name: string; tagline: string; accent: string; tint: string };

/** A whole page. @param nav what stands at the right of the header */
export function page(theme: Theme, title: string, body: Html, nav: Html = html``): string {
  return `<!doctype html>
${
  html`<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - ${theme.name}</title>
<link rel="icon" href="data:,">
<style>${{ html: styles(theme) }}</style>
</head>
<body>
<header><div class="frame">
<p class="brand"><a href="/">${theme.name}</a><span>${theme.tagline}</span></p>
<nav>${nav}</nav>
</div></header>
<main class="frame">
${body}
</main>
<footer><div class="frame">Site d'exemple : les personnes et les écoles sont inventées.</div></footer>
</body>
</html>`.html
}`;
}

function styles({ accent, tint }: Theme): string {
  return `
:root { --accent: ${accent}; --tint: ${tint}; --ink: #1d2433; --soft: #5a6376; --line: #d9dde6 }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: #f6f7fa; color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
.frame { width: 100%; max-width: 56rem; margin: 0 auto; padding: 0 1rem }
header { background: var(--accent); color: #fff }
header .frame { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; justify-content: space-between; padding-block: 1rem }
header a { color: #fff; text-decoration: none }
.brand { margin: 0; font-size: 1.25rem; font-weight: 700; line-height: 1.25 }
.brand span { display: block; font-size: .875rem; font-weight: 400 }
main.frame { flex: 1; padding-block: 1.75rem 3rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 1rem }
h2, h3 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .5rem }
.card > :first-child { margin-top: 0 }
.card > :last-child { margin-bottom: 0 }
.card { background: #fff; border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin: 0 0 1rem }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; padding: 0; margin: 0 0 1rem; list-style: none }
.grid > * { margin: 0 }
.soft { color: var(--soft) }
.pill { display: inline-block; background: var(--tint); color: var(--ink); border-radius: 1rem; padding: .1rem .7rem; font-size: .875rem }
.button { display: inline-block; font: inherit; font-weight: 600; color: #fff; background: var(--accent); border: 2px solid var(--accent);
  border-radius: .5rem; padding: .6rem 1.2rem; text-decoration: none; cursor: pointer }
.button.light { background: transparent; border-color: #fff }
.button:hover { text-decoration: underline }
a { color: var(--accent) }
:focus-visible { outline: 3px solid #ffbf47; outline-offset: 2px }
fieldset { border: 0; padding: 0; margin: 0 0 1rem }
legend { font-weight: 700; padding: 0; margin: 0 0 .5rem }
.choice { display: flex; gap: .75rem; align-items: flex-start; padding: .6rem 0 }
.choice input { width: 1.35rem; height: 1.35rem; margin: .1rem 0 0; flex: none; accent-color: var(--accent) }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f7fa; border: 1px solid var(--line); border-radius: .5rem; padding: .75rem; font-size: .8125rem; margin: .5rem 0 0 }
summary { cursor: pointer; font-weight: 600 }
.message { white-space: pre-wrap; overflow-wrap: anywhere }
.meta { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 0 0 .5rem; font-size: .9375rem }
.warning { border-left: .4rem solid #b34000 }
footer { color: var(--soft); font-size: .875rem; padding: 1rem 0; border-top: 1px solid var(--line); background: #fff }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: .5rem 0 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
`;
}
