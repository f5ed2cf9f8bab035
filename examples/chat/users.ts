import type { BasicUser } from "busbar/server";

/** Demo users. An application has its own table, and no passwords in its source. */
export const users: Readonly<Record<string, BasicUser>> = {
  ada: { password: "lovelace", roles: ["member"] },
  alan: { password: "turing", roles: ["member"] },
  rosa: { password: "parks", roles: ["member", "moderator"] },
  grace: { password: "hopper", roles: ["reader"] },
};
