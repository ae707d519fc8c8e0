// @flowglad/nextjs 0.18.0: the route handler of an application, with nothing set but the two variables.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {binary, key, unsold, unsoldKey, fresh, scoped, onPro, pay, until} = require('./place');

process.env.FLOWGLAD_BASE_URL = binary;
process.env.FLOWGLAD_SECRET_KEY = key;
const {FlowgladServer, nextRouteHandler} = require('@flowglad/nextjs/server');
const {NextRequest} = require('next/server');

const {POST} = nextRouteHandler({
  getCustomerExternalId: async (request) => request.headers.get('x-user') ?? assert.fail('User not authenticated'),
  flowglad: (name) => scoped(FlowgladServer, name),
});

async function call(user, path, body = {}) {
  const request = new NextRequest(`http://app.test/api/flowglad/${path}`, {
    method: 'POST', body: JSON.stringify(body), headers: {'content-type': 'application/json', ...(user && {'x-user': user})}});
  const response = await POST(request, {params: Promise.resolve({path: path.split('/')})});
  return {status: response.status, ...await response.json()};
}

test('the routes of an application work', async () => {
  const user = fresh();
  const four = await Promise.all(['customers/billing', 'pricing-models/retrieve', 'usage-meters/balances', 'resources/usages'].map((path) => call(user, path)));
  assert.deepEqual(four.map((answer) => answer.status), [200, 200, 200, 200]);
  assert.equal(four[0].data.customer.externalId, user);
  assert.equal(four[1].data.source, 'customer');
  assert.equal(four[2].data.usageMeterBalances.find((row) => row.slug === 'ai_requests').availableBalance, 20);
  assert.equal(four[3].data.resources[0].capacity, 2);
  const {data} = await call(user, 'usage-events/create', {usageMeterSlug: 'ai_requests'});
  assert.equal(data.usageEvent.amount, 1);
  assert.equal((await call(user, 'usage-meters/balances')).data.usageMeterBalances.find((row) => row.slug === 'ai_requests').availableBalance, 19);
  assert.equal((await call(user, 'customers/find-or-create')).status, 200);
  assert.equal((await call(user, 'resources/claim', {resourceSlug: 'seats', externalId: 'u1'})).data.usage.claimed, 1);
  assert.equal((await call(user, 'resources/claims', {resourceSlug: 'seats'})).data.claims.length, 1);
  assert.equal((await call(user, 'resources/usages/retrieve', {resourceSlug: 'seats'})).data.usage.available, 1);
  assert.equal((await call(user, 'resources/release', {resourceSlug: 'seats', externalId: 'u1'})).data.usage.claimed, 0);
});

test('a customer buys, cancels, stays and leaves through the routes of an application', async () => {
  const user = fresh();
  await call(user, 'customers/billing');
  const {data} = await call(user, 'checkout-sessions/create', {priceSlug: 'max_monthly', successUrl: 'https://a.test/ok', cancelUrl: 'https://a.test/no', quantity: 1});
  assert.equal(await pay(data.url), 'https://a.test/ok');
  const billing = async () => (await call(user, 'customers/billing')).data;
  const {currentSubscription: {id}} = await until(billing, (b) => b.currentSubscription.name === 'Max', 'Max');
  const cancelled = await call(user, 'subscriptions/cancel', {id, cancellation: {timing: 'at_end_of_current_billing_period'}});
  assert.equal(cancelled.data.subscription.status, 'cancellation_scheduled');
  assert.equal((await billing()).currentSubscription.status, 'cancellation_scheduled');
  assert.equal((await call(user, 'subscriptions/uncancel', {id})).data.subscription.status, 'active');
  const adjusted = await call(user, 'subscriptions/adjust', {subscriptionId: id, priceSlug: 'pro_yearly'});
  assert.equal(adjusted.data.resolvedTiming, 'immediately');
  const {currentSubscription: last} = await until(billing, (b) => b.currentSubscription.name === 'Pro', 'Pro');
  assert.equal((await call(user, 'subscriptions/cancel', {id: last.id, cancellation: {timing: 'immediately'}})).data.subscription.status, 'canceled');
  assert.equal((await billing()).currentSubscription.isFreePlan, true);
});

test('the machine\'s code of an error reaches the page', async () => {
  const user = fresh();
  const {POST: handler} = nextRouteHandler({
    getCustomerExternalId: async () => user,
    flowglad: (name) => scoped(FlowgladServer, name, {baseURL: unsold, apiKey: unsoldKey}),
  });
  const send = async (path, body) => (await handler(
    new NextRequest(`http://app.test/api/flowglad/${path}`, {method: 'POST', body: JSON.stringify(body), headers: {'content-type': 'application/json'}}),
    {params: Promise.resolve({path: path.split('/')})})).json();
  await send('customers/billing', {});
  const answer = await send('checkout-sessions/create', {priceSlug: 'pro_monthly', successUrl: 'https://a.test/', cancelUrl: 'https://a.test/'});
  assert.equal(answer.error.json.code, 'payments_not_configured');
});

test('visitors see the prices', async () => {
  const {status, data} = await call(undefined, 'pricing-models/retrieve');
  assert.equal(status, 200);
  assert.equal(data.source, 'default');
  assert(data.pricingModel.products.some((p) => p.slug === 'pro'));
});

test('a server component reads billing', async () => {
  const billing = await onPro(scoped(FlowgladServer, fresh()));
  assert.equal(billing.checkFeatureAccess('fast_generations'), true);
});
