// One key an answer, and the next item at once. Without this script every button does the same, a page at a time.
"use strict";

(() => {
  // A second press of a key or button must not answer an item that nobody has seen yet.
  const SEEN_AFTER_MS = 300;
  const content = document.getElementById("content");
  const keysKept = "papier-keys";
  let shownAt = performance.now();
  let sending = false;
  let nextCrop = null;

  function keysAreOn() {
    const box = document.getElementById("keys");
    return box !== null && box.checked;
  }

  function isShown() {
    const picture = content.querySelector(".crop img");
    return performance.now() - shownAt > SEEN_AFTER_MS && (picture === null || picture.complete);
  }

  // The picture of the item after this one is loaded while this one is looked at, and kept: nothing of it is cached.
  function prepare() {
    const article = content.querySelector("article");
    const address = article === null ? "" : article.dataset.nextCrop || "";
    nextCrop = null;
    if (address !== "") {
      nextCrop = new Image();
      nextCrop.src = address;
    }
    const line = content.querySelector(".keys");
    if (line !== null) {
      line.hidden = false;
      const box = document.getElementById("keys");
      box.checked = sessionStorage.getItem(keysKept) !== "off";
      box.addEventListener("change", () => {
        sessionStorage.setItem(keysKept, box.checked ? "on" : "off");
      });
    }
  }

  function put(text, address) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = page.getElementById("content");
    if (fresh === null) {
      // The desk was closed or left: show what it says.
      document.location.assign(address);
      return;
    }
    content.replaceChildren(...fresh.childNodes);
    // The picture that was kept takes its place only here: moved through the other document, it would be loaded again.
    const picture = content.querySelector(".crop img");
    if (picture !== null && nextCrop !== null && picture.src === nextCrop.src) {
      nextCrop.alt = picture.alt;
      picture.replaceWith(nextCrop);
    }
    document.title = page.title;
    history.replaceState(null, "", address);
    shownAt = performance.now();
    prepare();
    const typed = content.querySelector("[aria-invalid]");
    const heading = content.querySelector("h1");
    if (typed !== null) {
      typed.focus();
      typed.select();
    } else if (heading !== null) {
      heading.focus({ preventScroll: true });
    }
    window.scrollTo(0, 0);
  }

  function complain() {
    const old = document.getElementById("unsent");
    if (old !== null) {
      old.remove();
    }
    const note = document.createElement("p");
    note.id = "unsent";
    note.className = "note bad";
    note.setAttribute("role", "alert");
    note.textContent = document.documentElement.lang === "fr"
      ? "Le bureau ne répond pas : la réponse n'est pas enregistrée. Vérifiez que papier tourne, puis répondez de nouveau."
      : "The desk does not answer: the answer is not recorded. See that papier runs, then answer again.";
    content.prepend(note);
  }

  async function send(form, button) {
    if (sending || (form.dataset.quick === "answer" && !isShown())) {
      return;
    }
    sending = true;
    content.setAttribute("aria-busy", "true");
    const data = new URLSearchParams(new FormData(form));
    if (button !== null && button.name !== "") {
      data.append(button.name, button.value);
    }
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, credentials: "same-origin" });
      put(await answer.text(), answer.url.includes("/check?") ? answer.url : document.location.href);
    } catch (error) {
      complain();
    } finally {
      sending = false;
      content.removeAttribute("aria-busy");
    }
  }

  content.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("data-quick")) {
      event.preventDefault();
      send(form, event.submitter);
    }
  });

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const typing = target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && typing) {
      target.blur();
      return;
    }
    if (typing || event.repeat || event.ctrlKey || event.altKey || event.metaKey || !keysAreOn()) {
      return;
    }
    // Enter on a button or a link presses that one.
    if (event.key === "Enter" && target.closest("a, button, summary, label, input") !== null) {
      return;
    }
    // On a French keyboard the figures of the upper row need Shift; where they stand is what counts.
    const figure = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const key = figure !== null ? figure[1] : event.key === "Enter" ? "Enter" : event.key.toLowerCase();
    const place = content.querySelector(`[data-focus="${CSS.escape(key)}"]`);
    const pressed = content.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (place !== null) {
      event.preventDefault();
      place.focus();
    } else if (pressed !== null) {
      event.preventDefault();
      if (pressed.form) {
        send(pressed.form, pressed);
      } else {
        pressed.click();
      }
    }
  });

  prepare();
})();
