/** The login form: opens a bus, and hands it over when the server has let it in. */
import { connect, type Credentials } from "busbar/client";
import type { app } from "../contract.js";
import { byId } from "./dom.js";
import type { ChatBus } from "./room.js";
import { explain } from "./wording.js";

const form = byId("login-form", HTMLFormElement);
const username = byId("username", HTMLInputElement);
const password = byId("password", HTMLInputElement);
const message = byId("login-message", HTMLElement);
const submit = byId("login-button", HTMLButtonElement);

/** The attempt that is under way. */
let attempt: ChatBus | undefined;

/** Show the form, with a line on why it is shown; `onOpen` is called when somebody is in. */
export function askWho(onOpen: (bus: ChatBus) => void): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (attempt === undefined) begin(onOpen);
    else giveUp("");
  });
  for (const chip of form.querySelectorAll<HTMLButtonElement>(".chip")) {
    chip.addEventListener("click", () => {
      if (attempt !== undefined) giveUp("");
      username.value = chip.dataset["username"] ?? "";
      password.value = chip.dataset["password"] ?? "";
      begin(onOpen);
    });
  }
}

/** Say something below the form's fields. */
export function tellAtLogin(text: string): void {
  message.textContent = text;
}

function begin(onOpen: (bus: ChatBus) => void): void {
  const credentials: Credentials = { scheme: "basic", username: username.value.trim(), password: password.value };
  if (credentials.username === "" || credentials.password === "") {
    tellAtLogin("Fill in a name and a password, or choose a demo user.");
    return (credentials.username === "" ? username : password).focus();
  }
  const bus = connect<typeof app>("/bus", { auth: () => credentials });
  attempt = bus;
  submit.textContent = "Cancel";
  tellAtLogin("");
  const offs = [
    bus.on("open", () => {
      for (const off of offs) off();
      password.value = "";
      giveUp("", true);
      onOpen(bus);
    }),
    bus.on("close", ({ error }) => giveUp(error === undefined ? "" : explain(error))),
    bus.on("state", ({ state }) => {
      if (state === "offline") tellAtLogin("The server cannot be reached. Still trying…");
    }),
  ];
}

/** The attempt is over: let in, refused, or no longer wanted. */
function giveUp(text: string, isOpen = false): void {
  const bus = attempt;
  attempt = undefined;
  submit.textContent = "Log in";
  tellAtLogin(text);
  if (!isOpen) bus?.close();
}
