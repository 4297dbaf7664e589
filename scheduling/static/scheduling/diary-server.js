// The one way to the server: answers are {ok, status, body}, whatever went wrong.
export class Server {
  constructor(facts) {
    this.urls = facts.urls;
    this.csrf = facts.csrf;
  }

  ask(name, params) {
    return this.#answer(`${this.urls[name]}?${new URLSearchParams(params)}`, {});
  }

  send(name, data, pk) {
    const url = pk === undefined ? this.urls[name] : this.urls[name].replace("/0/", `/${pk}/`);
    return this.#answer(url, { method: "POST", headers: { "X-CSRFToken": this.csrf }, body: new URLSearchParams(data) });
  }

  async #answer(url, asked) {
    try {
      const answer = await fetch(url, { ...asked, headers: { Accept: "application/json", ...asked.headers } });
      if (answer.redirected) return failed(401, "You have been signed out. Reload the page to sign in again.");
      return { ok: answer.ok, status: answer.status, body: await answer.json() };
    } catch {
      return failed(0, "The clinic’s server does not answer. Nothing was changed; please try again.");
    }
  }
}

const failed = (status, detail) => ({ ok: false, status, body: { detail } });
