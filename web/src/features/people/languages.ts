/** Each in itself, for who cannot read the other. */
export const LANGUAGES = [
  { value: "en", label: "English" },
  { value: "zh-hans", label: "中文" },
] as const;
