// Passkeys in the browser: asks the control plane for options, the authenticator for a credential, and goes where the answer says.
"use strict";

const here = document.body.dataset.page;

const tell = (text) => { document.getElementById("problem").textContent = text; };

const ask = async (what, body) => {
  const answer = await fetch(`${here}/${what}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail || said.title || "that did not work");
  return said;
};

const use = async () => {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(await ask("passkey/options"));
  return ask("passkey", await navigator.credentials.get({ publicKey: options }));
};

const make = async () => {
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(await ask("register/options"));
  return ask("register", await navigator.credentials.create({ publicKey: options }));
};

const on = (id, act) => {
  const button = document.getElementById(id);
  if (!button) return;
  button.addEventListener("click", async () => {
    tell("");
    button.disabled = true;
    try {
      location.replace((await act()).next);
    } catch (error) {
      tell(error.name === "NotAllowedError" ? "The passkey was not used: it took too long, or was declined." : error.message);
      button.disabled = false;
    }
  });
};

on("use", use);
on("make", make);
