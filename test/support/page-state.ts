/**
 * A page as a visitor may meet it: `name` is its address in the gallery of the tests. `alike`: it differs from
 * another state by one sentence only, so it is rendered and checked as text, but not opened in a browser again.
 */
export type PageState = { name: string; template: string; data: object; alike?: boolean };

export function state<Data extends object>(name: string, template: string, data: Data): PageState {
  return { name, template, data };
}

/** States that differ by one sentence: the first stands for the others in the browser. */
export function oneOf(states: PageState[]): PageState[] {
  return states.map((shown, index) => (index === 0 ? shown : { ...shown, alike: true }));
}

/** The staff's pages stay French. */
export function isForStaff({ template, data }: PageState): boolean {
  const { frame } = data as { frame?: object | null };
  return template.startsWith('admin/') || (frame != null && 'module' in frame);
}
