/**
 * The page forbids turning text into markup or code (`require-trusted-types-for 'script'`). The component kit writes its
 * style sheets through `innerHTML` of `style` elements, so one policy lets text pass in which nothing can be a tag; a
 * worker's script must come from this origin's own assets. Everything else throws where it stands.
 */
interface Policies {
  createPolicy(
    name: string,
    rules: {
      createHTML(text: string): string;
      createScriptURL(url: string): string;
      createScript(text: string): string;
    },
  ): unknown;
}

export function trustOnlyStyles(): void {
  const policies = (window as unknown as { trustedTypes?: Policies }).trustedTypes;
  policies?.createPolicy("default", {
    createHTML: (text) => (text.includes("<") ? refuse("markup") : text),
    createScript: () => refuse("script"),
    createScriptURL: (url) => {
      const { origin, pathname } = new URL(url, window.location.href);
      return origin === window.location.origin && pathname.startsWith("/assets/") ? url : refuse("address of a script");
    },
  });
}

/** Style elements that libraries make get the nonce of the page: not all of them take it as an option. */
export function lendNonce(nonce: string): void {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const made = create(name, options);
    if (name === "style") made.nonce = nonce;
    return made;
  }) as typeof document.createElement;
}

/** What the server put into this page. */
export function pageNonce(): string {
  return document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
}

function refuse(what: string): never {
  throw new TypeError(`This page makes no ${what} out of text.`);
}
