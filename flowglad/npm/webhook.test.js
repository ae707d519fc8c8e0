// The webhooks that the program sends are accepted by the package's verifyWebhook.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {binary, key, hooks, hookSecret, fresh, scoped, onPro} = require('./place');

process.env.FLOWGLAD_BASE_URL = binary;
process.env.FLOWGLAD_SECRET_KEY = key;
const {FlowgladServer, verifyWebhook} = require('@flowglad/server');

test('webhooks are verified', async () => {
  const name = fresh('hooked');
  await onPro(scoped(FlowgladServer, name));
  const end = Date.now() + 10_000;
  let mine = [];
  while (mine.length < 2 && Date.now() < end) {
    const all = await (await fetch(hooks)).json();
    mine = all.filter((one) => one.body.includes(name));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const told = mine.map(({headers, body}) => verifyWebhook(body, headers, hookSecret));
  assert.deepEqual(told.map((one) => one.type), ['customer.created', 'subscription.created']);
  assert.equal(told[1].data.customer.externalId, name);
  assert.throws(() => verifyWebhook(`${mine[0].body} `, mine[0].headers, hookSecret), /Invalid signature/);
});
