/** The page's one element for a selector; a missing one is a mistake in index.html. */
export function find<T extends Element>(selector: string, type: new () => T): T {
  const element = document.querySelector(selector);
  if (element instanceof type) return element;
  throw new Error(`no ${type.name} at ${selector}`);
}

export function element(tag: string, className: string, ...children: (Node | string)[]) {
  const created = document.createElement(tag);
  created.className = className;
  created.append(...children);
  return created;
}
