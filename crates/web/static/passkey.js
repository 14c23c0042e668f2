
/* ---- passkeys: the desk says what to sign, the browser has it signed, the form takes the answer ---- */

{
  const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const unpack = ({ publicKey }) => {
    publicKey.challenge = toBytes(publicKey.challenge);
    if (publicKey.user) publicKey.user.id = toBytes(publicKey.user.id);
    for (const one of [...publicKey.allowCredentials ?? [], ...publicKey.excludeCredentials ?? []]) one.id = toBytes(one.id);
    return { publicKey };
  };

  const pack = ({ id, rawId, type, response }) => {
    const parts = { clientDataJSON: toText(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (response[name]) parts[name] = toText(response[name]);
    return JSON.stringify({ id, rawId: toText(rawId), type, response: parts });
  };

  const passkeys = $$("form[data-passkey]");
  if (window.PublicKeyCredential && window.isSecureContext) for (const form of passkeys) form.hidden = false;

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.passkey) return;
    event.preventDefault();
    if (form.classList.contains("busy")) return;
    form.classList.add("busy");
    const trouble = $("[data-passkey-error]", form);
    trouble.hidden = true;
    try {
      const asked = await fetch("/passkeys/ask", { method: "POST", body: new URLSearchParams({ csrf: form.elements.csrf.value, for: form.dataset.passkey }) });
      // It was too long ago that they said who they are: they are asked first.
      if (asked.status === 403 && form.dataset.passkey === "add") { location.assign("/account/confirm"); return; }
      if (!asked.ok) throw new Error();
      const { word, options } = await asked.json();
      const given = unpack(options);
      const credential = form.dataset.passkey === "add" ? await navigator.credentials.create(given) : await navigator.credentials.get(given);
      form.elements.word.value = word;
      form.elements.answer.value = pack(credential);
      form.submit();
    } catch (error) {
      form.classList.remove("busy");
      trouble.textContent = error.name === "InvalidStateError" ? "This device has a passkey for your account already." : "That did not work. Try again, or use another way.";
      trouble.hidden = false;
    }
  });
}
