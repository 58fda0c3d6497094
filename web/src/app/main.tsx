import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { openClient } from "@/api/client";
import { lookAtSession } from "@/api/session";
import { openTexts } from "@/lib/i18n";
import { lendNonce, pageNonce, trustOnlyStyles } from "@/lib/trusted";
import "@/ui/base.css";
import "@/lib/ansi.css";
import { App, queries } from "./app";

trustOnlyStyles();
lendNonce(pageNonce());
openClient(() => lookAtSession(queries));
await openTexts();

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
