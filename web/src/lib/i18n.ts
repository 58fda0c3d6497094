import i18next, { type BackendModule } from "i18next";
import { initReactI18next } from "react-i18next";
import { speakSentences, type Translator } from "./sentences";

export const LANGUAGES = ["en", "zh-CN"] as const;
export type Language = (typeof LANGUAGES)[number];
const KEPT = "ansflow.language";

/** One file per language and namespace, fetched when a page first speaks of it. */
const files = import.meta.glob<{ default: Record<string, unknown> }>("../locales/*/*.json");

/** Sentences of the server: English needs none. */
const sentences: Readonly<Record<Language, () => Promise<Translator | null>>> = {
  en: () => Promise.resolve(null),
  "zh-CN": async () => (await import("./sentences-zh")).inChinese,
};

const backend: BackendModule = {
  type: "backend",
  init: () => undefined,
  read: (language, namespace, done) => {
    const load = files[`../locales/${language}/${namespace}.json`];
    if (load === undefined) return done(new Error(`no texts ${language}/${namespace}`), null);
    load().then(
      (file) => done(null, file.default),
      (error: Error) => done(error, null),
    );
  },
};

export async function openTexts(): Promise<void> {
  const first = chosen();
  speakSentences(await sentences[first]());
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: first,
      supportedLngs: LANGUAGES,
      fallbackLng: false,
      ns: ["app", "status"],
      defaultNS: "app",
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
    });
  document.documentElement.lang = i18next.language;
  i18next.on("languageChanged", (language) => {
    document.documentElement.lang = language;
  });
}

/**
 * A page, and the texts that it speaks: both are fetched at the same time. Texts that a page first asks for while it is
 * drawn take it away once more until they are there.
 */
export async function speaking<Page>(page: Promise<Page>, ...namespaces: readonly string[]): Promise<Page> {
  const [loaded] = await Promise.all([page, i18next.loadNamespaces(namespaces)]);
  return loaded;
}

/** The language of the account, unless this browser has chosen another. */
export async function adopt(language: "en" | "zh-hans"): Promise<void> {
  if (kept() === "") await change(language === "en" ? "en" : "zh-CN");
}

export async function speak(language: Language): Promise<void> {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // a browser that keeps nothing still changes now
  }
  await change(language);
}

async function change(language: Language): Promise<void> {
  speakSentences(await sentences[language]());
  await i18next.changeLanguage(language);
}

/** The choice of this browser, or the first of its languages that we speak. */
function chosen(): Language {
  const wishes = [kept(), ...navigator.languages];
  for (const wish of wishes) {
    if (wish.toLowerCase().startsWith("zh")) return "zh-CN";
    if (wish.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

function kept(): string {
  try {
    return localStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}
