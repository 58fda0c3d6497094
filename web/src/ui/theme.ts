import type { ThemeConfig } from "antd/es/config-provider";
import darkAlgorithm from "antd/es/theme/themes/dark";
import defaultAlgorithm from "antd/es/theme/themes/default";

const FONT = "var(--font)";
const FLAT = { defaultShadow: "none", primaryShadow: "none", dangerShadow: "none" };

/**
 * The component kit in our colours: those of tokens.css, written out because it computes shades from them. Shades under a
 * pointer are written out where words on its own would be too pale.
 */
export const KIT_THEME: Record<"light" | "dark", ThemeConfig> = {
  light: {
    algorithm: defaultAlgorithm,
    components: { Button: FLAT },
    token: {
      ...shared(),
      colorPrimary: "#2b59c9",
      colorPrimaryHover: "#234cb2",
      colorInfo: "#1d5fd0",
      colorSuccess: "#17713b",
      colorWarning: "#8a5a00",
      colorError: "#c0262d",
      colorText: "#1a1d23",
      colorTextSecondary: "#59616e",
      colorTextTertiary: "#59616e",
      colorTextDescription: "#59616e",
      colorTextPlaceholder: "#66707d",
      colorTextDisabled: "#66707d",
      colorBorder: "#868e9b",
      colorBorderSecondary: "#e1e4ea",
      colorBgLayout: "#f6f7f9",
      colorBgContainer: "#ffffff",
      colorBgElevated: "#ffffff",
    },
  },
  dark: {
    algorithm: darkAlgorithm,
    // It darkens the accent, and then a button is another one than a link that looks like it.
    components: { Button: { ...FLAT, colorPrimary: "#86a8ff", colorPrimaryHover: "#9db8ff" } },
    token: {
      ...shared(),
      colorPrimary: "#86a8ff",
      colorPrimaryActive: "#6c88d0",
      colorInfo: "#79a8ff",
      colorSuccess: "#57c984",
      colorWarning: "#e3b341",
      colorError: "#ff807b",
      colorErrorActive: "#cb6864",
      colorText: "#e4e7ec",
      colorTextSecondary: "#a1aab8",
      colorTextTertiary: "#a1aab8",
      colorTextDescription: "#a1aab8",
      colorTextPlaceholder: "#8b95a4",
      colorTextDisabled: "#8b95a4",
      colorTextLightSolid: "#0c1222",
      colorBorder: "#6b7585",
      colorBorderSecondary: "#2a313b",
      colorBgLayout: "#0f1216",
      colorBgContainer: "#161a20",
      colorBgElevated: "#1b2027",
    },
  },
};

function shared(): NonNullable<ThemeConfig["token"]> {
  return { fontFamily: FONT, fontSize: 13, borderRadius: 6, controlHeight: 30, motion: false };
}
