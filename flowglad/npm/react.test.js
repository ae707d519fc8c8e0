// @flowglad/react 0.18.0 on pages whose backend is Go: the provider's baseURL is the server itself.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {JSDOM} = require('jsdom');
const {pages, pagesKey, fresh, buy, pay} = require('./place');

const dom = new JSDOM('<!doctype html><body></body>', {url: 'http://app.test/'});
Object.assign(globalThis, {window: dom.window, document: dom.window.document, navigator: globalThis.navigator ?? dom.window.navigator, IS_REACT_ACT_ENVIRONMENT: true});
const React = require('react');
const {createRoot} = require('react-dom/client');
const {act} = React;
const {FlowgladServer} = require('@flowglad/server');

// browser loads the package as a page does that nobody has opened before: it keeps what it has fetched for as long as it runs.
function browser() {
  for (const file of Object.keys(require.cache)) if (/@flowglad.react|@tanstack/.test(file)) delete require.cache[file];
  return require('@flowglad/react');
}

// mount renders a page of a user and returns what its hooks say.
async function mount(user, hooks) {
  const {FlowgladProvider, ...all} = browser();
  const seen = {};
  function Page() {
    Object.assign(seen, hooks(all));
    return null;
  }
  const root = createRoot(document.createElement('div'));
  await act(async () => {
    root.render(React.createElement(FlowgladProvider, {baseURL: pages, requestConfig: {headers: user ? {'X-User': user} : {}}}, React.createElement(Page)));
  });
  return {
    seen,
    async until(ready) {
      const end = Date.now() + 10_000;
      while (!ready(seen)) {
        if (Date.now() > end) assert.fail(`the page did not get ready: ${JSON.stringify(seen).slice(0, 500)}`);
        await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
      }
      return seen;
    },
    unmount: () => act(async () => root.unmount()),
  };
}

const server = (user) => new FlowgladServer({baseURL: pages, apiKey: pagesKey, customerExternalId: user, getCustomerDetails: async () => ({email: '', name: ''})});

test('a new user\'s page with all hooks', async () => {
  const user = fresh();
  const page = await mount(user, (h) => ({billing: h.useBilling(), pricing: h.usePricing(), model: h.usePricingModel(), meters: h.useUsageMeters(), meter: h.useUsageMeter('ai_requests'), resources: h.useResources(), seats: h.useResource('seats')}));
  const seen = await page.until((s) => s.billing.loaded && s.meters.usageMeters && s.resources.resources && s.pricing && s.model);
  assert.equal(seen.billing.customer.externalId, user);
  assert.equal(seen.billing.checkUsageBalance('ai_requests').availableBalance, 20);
  assert.equal(seen.billing.billingPortalUrl, '', 'who never bought anything has nothing to manage');
  assert.equal(seen.billing.getProduct('pro').name, 'Pro');
  assert.equal(seen.billing.hasPurchased('requests_100'), false);
  assert.equal(seen.pricing.products.find((product) => product.default).slug, 'free');
  assert.equal(seen.meter.usageMeter.usedBalance, 0);
  assert.equal(seen.meters.usageMeters.find((m) => m.slug === 'ai_requests').availableBalance, 20);
  assert.equal(seen.resources.resources[0].capacity, 2);
  await page.unmount();
});

test('usage, checkout, cancel and uncancel from the page', async () => {
  const user = fresh();
  const flowglad = server(user);
  await buy(flowglad, 'max_monthly', (b) => b.currentSubscription.name === 'Max');
  const page = await mount(user, (h) => ({billing: h.useBilling(), meters: h.useUsageMeters()}));
  const {billing} = await page.until((s) => s.billing.loaded && s.meters.usageMeters);
  assert.equal(billing.checkFeatureAccess('fast_generations'), true);
  let answer;
  await act(async () => { answer = await billing.createUsageEvent({usageMeterSlug: 'ai_requests', amount: 4, transactionId: 'page_1'}); });
  assert(answer.usageEvent.id);
  await page.until((s) => s.meters.usageMeters?.find((m) => m.slug === 'ai_requests')?.availableBalance === 4996);
  const back = {successUrl: 'https://a.test/ok', cancelUrl: 'https://a.test/no'};
  await act(async () => { answer = await billing.createCheckoutSession({priceSlug: 'requests_100', ...back}); });
  assert.deepEqual(Object.keys(answer), ['id', 'url']);
  assert.equal(await pay(answer.url), back.successUrl);
  await act(async () => { answer = await billing.createAddPaymentMethodCheckoutSession(back); });
  assert.equal(await pay(answer.url, '5555 5555 5555 4444'), back.successUrl);
  const end = Date.now() + 10_000;
  do {
    await act(async () => { await page.seen.billing.reload(); });
  } while (Date.now() < end && !(page.seen.billing.hasPurchased('requests_100') && page.seen.billing.paymentMethods.length > 2));
  assert.equal(page.seen.billing.hasPurchased('requests_100'), true);
  assert.deepEqual(page.seen.billing.invoices.map(({invoice}) => invoice.status), ['paid', 'paid']);
  assert(page.seen.billing.paymentMethods.some((m) => m.paymentMethodData.last4 === '4444'));
  const portal = await fetch(page.seen.billing.billingPortalUrl, {redirect: 'manual'});
  assert.match(portal.headers.get('location'), /\/p\/session\//);
  const id = billing.currentSubscription.id;
  await act(async () => { answer = await billing.cancelSubscription({id, cancellation: {timing: 'at_end_of_current_billing_period'}}); });
  await page.until((s) => s.billing.currentSubscription?.status === 'cancellation_scheduled');
  await act(async () => { await page.seen.billing.uncancelSubscription({id}); });
  await page.until((s) => s.billing.currentSubscription?.status === 'active');
  await act(async () => { answer = await page.seen.billing.adjustSubscription({priceSlug: 'pro_yearly'}); });
  assert.equal(answer.subscription.resolvedTiming, 'immediately');
  await page.until((s) => s.billing.currentSubscription?.name === 'Pro');
  await page.unmount();
});

test('seats from the page', async () => {
  const user = fresh('team');
  const page = await mount(user, (h) => ({seats: h.useResource('seats'), resources: h.useResources()}));
  await page.until((s) => s.resources.resources);
  await act(async () => { await page.seen.resources.claim({resourceSlug: 'seats', externalId: 'u1'}); });
  await page.until((s) => s.resources.resources?.[0].claimed === 1);
  await act(async () => { await page.seen.resources.release({resourceSlug: 'seats', externalId: 'u1'}); });
  await page.until((s) => s.resources.resources?.[0].claimed === 0);
  await page.unmount();
});

test('a visitor sees prices and no billing', async () => {
  const page = await mount(undefined, (h) => ({pricing: h.usePricing(), billing: h.useBilling()}));
  const seen = await page.until((s) => s.pricing);
  assert(seen.pricing.products.some((product) => product.slug === 'pro'));
  await page.until((s) => s.billing.loaded);
  assert.equal(page.seen.billing.customer, null);
  assert.match(page.seen.billing.errors[0].message, /not authenticated/);
  await page.unmount();
});
