import { mkdirSync, writeFileSync } from "node:fs";
import { dashboardFiles } from "./dashboard-files.ts";

const folder = new URL("../dashboards/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(dashboardFiles())) writeFileSync(new URL(name, folder), text);
