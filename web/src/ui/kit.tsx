import ConfigProvider from "antd/es/config-provider";
import type { Locale } from "antd/es/locale";
import english from "antd/es/locale/en_US";
import { type ReactNode, useEffect, useState } from "react";
import { pageNonce } from "@/lib/trusted";
import { useTheme } from "@/lib/use-theme";
import { KIT_THEME } from "./theme";

/** Around the whole app: the component kit in our colours and in the reader's language. */
export function Kit({ language, children }: { language: string; children: ReactNode }) {
  const theme = useTheme();
  return (
    <ConfigProvider
      theme={KIT_THEME[theme]}
      locale={useKitTexts(language)}
      csp={{ nonce: pageNonce() }}
      wave={{ disabled: true }}
      button={{ autoInsertSpace: false }}
    >
      {children}
    </ConfigProvider>
  );
}

function useKitTexts(language: string): Locale {
  const [texts, setTexts] = useState<Locale>(english);
  useEffect(() => {
    if (language !== "zh-CN") return setTexts(english);
    import("antd/es/locale/zh_CN").then((chinese) => setTexts(chinese.default));
  }, [language]);
  return texts;
}
