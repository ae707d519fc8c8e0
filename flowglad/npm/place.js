// Where the Go test has started the servers, and what the tests share.

const assert = require('node:assert/strict');
const {once} = require('node:events');
const http = require('node:http');

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set: run the Go test TestTheNpmPackages`);

exports.binary = env('TOLLGATE_URL'); // the program, started by `tollgate dev`: it sells through the sandbox inside it
exports.key = env('TOLLGATE_KEY');
exports.sandbox = env('SANDBOX_URL'); // that sandbox
exports.unsold = env('UNSOLD_URL'); // the program, started by `tollgate serve` without a Stripe key
exports.unsoldKey = env('UNSOLD_KEY');
exports.pages = env('PAGES_URL'); // a server with pages, which knows visitors by X-User and sells through a sandbox of its own
exports.pagesKey = env('PAGES_KEY');
const sandboxes = [exports.sandbox, env('PAGES_SANDBOX_URL')];
exports.hooks = env('HOOKS_URL'); // what has arrived at the webhook's address
exports.hookSecret = env('HOOKS_SECRET');

let made = 0;
// fresh returns an externalId that nobody has.
exports.fresh = (name = 'user') => `${name}_${process.pid}_${++made}`;

// scoped makes a FlowgladServer the way the documentation does.
exports.scoped = (FlowgladServer, customerExternalId, options = {}) =>
  new FlowgladServer({
    customerExternalId,
    getCustomerDetails: async () => ({email: 'ada@example.com', name: 'Ada'}),
    ...options,
  });

// onPro puts a customer on the plan pro without charging it.
exports.onPro = async (flowglad) => {
  const customer = await flowglad.findOrCreateCustomer();
  await flowglad.createSubscription({customerId: customer.id, priceSlug: 'pro_monthly', doNotCharge: true});
  return flowglad.getBilling();
};

// until asks until what is answered is good, and returns it.
exports.until = async (ask, good, what = 'what is asked for') => {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > end) assert.fail(`${what} did not come: ${JSON.stringify(answer).slice(0, 1000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

// pay fills in the sandbox's checkout page as a person does, and returns where the browser is sent then.
exports.pay = async (url, number = '4242 4242 4242 4242') => {
  assert(sandboxes.some((at) => url.startsWith(at)), `${url} is no page of the sandbox`);
  const page = await (await fetch(url)).text();
  assert.match(page, /name="number"|No card is needed/);
  const answer = await fetch(url, {
    method: 'POST', redirect: 'manual', headers: {'content-type': 'application/x-www-form-urlencoded'},
    body: new URLSearchParams({action: 'pay', email: 'ada@example.com', number, expiry: '12 / 34', cvc: '123', name: 'Ada'}),
  });
  return answer.headers.get('location') ?? answer.text();
};

// buy has a customer buy a price through the checkout, and returns the billing once it shows what was bought.
exports.buy = async (flowglad, priceSlug, bought) => {
  await flowglad.findOrCreateCustomer();
  const {checkoutSession, url} = await flowglad.createCheckoutSession({priceSlug, successUrl: 'https://a.test/ok', cancelUrl: 'https://a.test/no', quantity: 1});
  assert.equal(checkoutSession.status, 'open');
  assert.equal(await exports.pay(url), 'https://a.test/ok');
  return exports.until(() => flowglad.getBilling(), bought, `${priceSlug} of ${checkoutSession.id}`);
};

// proxied calls with the address of a proxy before target. seen holds {method, url, headers, body} of each request; drop(n)
// lets the n-th request reach the target and cuts the connection instead of answering.
exports.proxied = async (target, drop, use) => {
  const seen = [];
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    seen.push({method: request.method, url: request.url, headers: request.headers, body: body.toString()});
    const n = seen.length;
    const onward = http.request(new URL(target).origin + request.url, {method: request.method, headers: {...request.headers, host: new URL(target).host}}, (answer) => {
      answer.once('end', () => {});
      if (drop(n)) {
        answer.resume();
        answer.once('end', () => request.socket.destroy());
        return;
      }
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${server.address().port}${new URL(target).pathname}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};
