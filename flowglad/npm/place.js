// Where the Go test has started the servers, and what the tests share.

const assert = require('node:assert/strict');
const {once} = require('node:events');
const http = require('node:http');

const env = (name) => process.env[name] ?? assert.fail(`${name} is not set: run the Go test TestTheNpmPackages`);

exports.binary = env('TOLLGATE_URL'); // the program, started by `tollgate dev`
exports.key = env('TOLLGATE_KEY');
exports.paid = env('PAID_URL'); // a server with pages, and with a payment provider that says yes
exports.paidKey = env('PAID_KEY');
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
