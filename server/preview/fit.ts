// A script that goes first into a page in the sandbox: what the page's own scripts load by a path from the root is looked for below the page's path, and
// where an opaque origin has no storage and no cookies it finds some that last as long as the page. It makes more pages work and protects nothing:
// a page that goes around it only fails. Runs in the learner's browser; put in by links.ts, served by sandboxed.ts.

export const FIT_PATH = '/.slipway/fit.js';
export const fitScript = () => `(${fit.toString()})();\n`;

/** Module paths from the root, in static imports, too: https://html.spec.whatwg.org/multipage/webappapis.html#import-maps */
export const fitTags = (base: string) => `<script src="${base}${FIT_PATH}"></script><script type="importmap">${JSON.stringify({ imports: { '/': `${base}/`, [`${base}/`]: `${base}/` } })}</script>`;

function fit() {
  const here = new URL((document.currentScript as HTMLScriptElement).src);
  const base = new URL('..', here).pathname;
  console.info('Slipway shows this page in a sandbox, without an origin of its own: storage, cookies of scripts, workers and some addresses from the root do not work as they would elsewhere (docs/previews.md).');
  const fitted = (url: unknown): string => {
    const text = String(url);
    if (!URL.canParse(text, document.baseURI)) return text;
    const parsed = new URL(text, document.baseURI);
    if (parsed.host !== here.host || `${parsed.pathname}/`.startsWith(base)) return text;
    parsed.pathname = base + parsed.pathname.slice(1);
    return parsed.href;
  };
  const around = <F extends (...args: never[]) => unknown>(owner: Record<string, unknown> | object, name: string, which: number) => {
    const kept = (owner as Record<string, F | undefined>)[name];
    if (!kept) return;
    (owner as Record<string, unknown>)[name] = function (this: unknown, ...args: unknown[]) {
      const url = args[which];
      if (typeof url === 'string' || url instanceof URL) args[which] = fitted(url);
      return Reflect.apply(kept, this, args);
    };
  };
  const made = (name: 'Request' | 'WebSocket' | 'EventSource') => {
    const kept = window[name] as unknown as new (...args: unknown[]) => object;
    (window as unknown as Record<string, unknown>)[name] = new Proxy(kept, { construct: (target, [url, ...rest], self) => Reflect.construct(target, [typeof url === 'string' || url instanceof URL ? fitted(url) : url, ...rest], self) as object });
  };
  around(window, 'fetch', 0);
  around(window, 'open', 0);
  around(XMLHttpRequest.prototype, 'open', 1);
  around(navigator, 'sendBeacon', 0);
  around(History.prototype, 'pushState', 2);
  around(History.prototype, 'replaceState', 2);
  for (const name of ['Request', 'WebSocket', 'EventSource'] as const) made(name);

  const attributes = { src: [HTMLScriptElement, HTMLImageElement, HTMLIFrameElement, HTMLMediaElement, HTMLSourceElement, HTMLEmbedElement], href: [HTMLLinkElement, HTMLAnchorElement], action: [HTMLFormElement], data: [HTMLObjectElement] };
  for (const [name, elements] of Object.entries(attributes)) for (const { prototype } of elements) {
    const kept = Object.getOwnPropertyDescriptor(prototype, name);
    if (kept?.set) Object.defineProperty(prototype, name, { ...kept, set(this: Element, url: unknown) { kept.set!.call(this, fitted(url)); } });
  }
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    setAttribute.call(this, name, Object.hasOwn(attributes, name.toLowerCase()) && String(value).startsWith('/') ? fitted(value) : value);
  };
  // What was put in as text is set right at the last moment.
  document.addEventListener('click', event => {
    const link = event.composedPath().find(one => one instanceof HTMLAnchorElement);
    if (link?.hasAttribute('href')) link.href = fitted(link.href);
  }, true);
  document.addEventListener('submit', event => {
    const form = event.target as HTMLFormElement;
    if (form.hasAttribute('action')) setAttribute.call(form, 'action', fitted(form.getAttribute('action')));
  }, true);

  const storage = () => {
    const kept = new Map<string, string>();
    const methods = {
      getItem: (key: string) => kept.get(String(key)) ?? null, setItem: (key: string, value: string) => void kept.set(String(key), String(value)), removeItem: (key: string) => void kept.delete(String(key)),
      clear: () => kept.clear(), key: (index: number) => [...kept.keys()][index] ?? null,
    };
    return new Proxy(methods, {
      get: (_, name) => (name === 'length' ? kept.size : Reflect.get(methods, name) ?? kept.get(String(name))),
      set: (_, name, value) => { kept.set(String(name), String(value)); return true; },
      deleteProperty: (_, name) => { kept.delete(String(name)); return true; },
      has: (_, name) => kept.has(String(name)) || name in methods,
      ownKeys: () => [...kept.keys()],
      getOwnPropertyDescriptor: (_, name) => (kept.has(String(name)) ? { value: kept.get(String(name)), enumerable: true, configurable: true, writable: true } : undefined),
    });
  };
  for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { value: storage(), configurable: true });
  const cookies = new Map<string, string>();
  Object.defineProperty(document, 'cookie', {
    configurable: true,
    get: () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    set: (text: string) => {
      const [pair = '', ...rest] = String(text).split(';');
      const [name = '', ...value] = pair.split('=');
      if (rest.some(part => /^\s*max-age\s*=\s*(?:0|-\d+)\s*$/i.test(part))) cookies.delete(name.trim());
      else cookies.set(name.trim(), value.join('=').trim());
    },
  });
}
