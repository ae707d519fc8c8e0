// The older versions of @flowglad/server, with nothing set but the two variables.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {binary, key, unsold, unsoldKey, fresh, pay, until} = require('./place');

process.env.FLOWGLAD_BASE_URL = binary;
process.env.FLOWGLAD_SECRET_KEY = key;

for (const version of ['0.11.0', '0.15.1', '0.16.3']) {
  const {FlowgladServer, FlowgladServerAdmin} = require(`flowglad-server-${version}`);
  const session = (name, options = {}) => new FlowgladServer({getRequestingCustomer: async () => ({externalId: name, name: 'Ada', email: 'ada@example.com'}), ...options});

  test(`${version}: billing, checks and usage`, async () => {
    const flowglad = session(fresh());
    const billing = await flowglad.getBilling();
    assert.equal(billing.checkUsageBalance('ai_requests').availableBalance, 20);
    assert.equal(billing.checkFeatureAccess('fast_generations'), false);
    assert.equal(billing.getProduct('pro').name, 'Pro');
    assert.equal(billing.getPrice('pro_monthly').unitPrice, 799);
    const {usageEvent} = await flowglad.createUsageEvent({
      subscriptionId: billing.currentSubscriptions[0].id, amount: 2, transactionId: 'tx', priceId: 'price_ai_requests_overage',
      ...(version === '0.11.0' ? {usageMeterId: 'meter_ai_requests'} : {}),
    });
    assert.equal(usageEvent.amount, 2);
    assert.equal((await flowglad.getBilling()).checkUsageBalance('ai_requests').availableBalance, 18);
  });

  test(`${version}: four at once for a new customer`, async () => {
    const name = fresh('new');
    const four = await Promise.all([1, 2, 3, 4].map(() => session(name).getBilling()));
    assert.equal(new Set(four.map((b) => b.customer.id)).size, 1);
  });

  test(`${version}: the catalog for the administrator`, async () => {
    const admin = new FlowgladServerAdmin({});
    const read = admin.getDefaultPricingModel ?? admin.getDefaultCatalog;
    const answer = await read.call(admin);
    assert((answer.pricingModel ?? answer.catalog).products.some((p) => p.slug === 'pro'));
  });

  test(`${version}: a customer buys, cancels and stays`, async () => {
    const flowglad = session(fresh());
    await flowglad.findOrCreateCustomer();
    const {url} = await flowglad.createCheckoutSession({priceId: 'price_max_monthly', successUrl: 'https://a.test/ok', cancelUrl: 'https://a.test/no', type: 'product'});
    assert.equal(await pay(url), 'https://a.test/ok');
    const {currentSubscriptions: [{id}]} = await until(() => flowglad.getBilling(), (b) => b.currentSubscriptions[0].name === 'Max', 'Max');
    const cancelled = await flowglad.cancelSubscription({id, cancellation: {timing: 'at_end_of_current_billing_period'}});
    assert.equal(cancelled.subscription.status, 'cancellation_scheduled');
    if (flowglad.uncancelSubscription) assert.equal((await flowglad.uncancelSubscription({id})).subscription.status, 'active');
    if (flowglad.adjustSubscription) {
      await flowglad.adjustSubscription({priceSlug: 'pro_yearly'});
      await until(() => flowglad.getBilling(), (b) => b.currentSubscriptions[0].name === 'Pro', 'Pro');
    }
    const {currentSubscriptions: [last]} = await flowglad.getBilling();
    assert.equal((await flowglad.cancelSubscription({id: last.id, cancellation: {timing: 'immediately'}})).subscription.status, 'canceled');
    assert.equal((await flowglad.getBilling()).currentSubscriptions[0].isFreePlan, true);
  });

  test(`${version}: without a Stripe key, checkout says that payments are not configured`, async () => {
    const flowglad = session(fresh(), {baseURL: unsold, apiKey: unsoldKey});
    await flowglad.findOrCreateCustomer();
    await assert.rejects(
      flowglad.createCheckoutSession({priceId: 'price_pro_monthly', successUrl: 'https://a.test/', cancelUrl: 'https://a.test/', type: 'product'}),
      (e) => e.error?.code === 'payments_not_configured');
  });
}

test('0.15.1 and later take customerExternalId', async () => {
  for (const version of ['0.15.1', '0.16.3']) {
    const {FlowgladServer} = require(`flowglad-server-${version}`);
    const flowglad = new FlowgladServer({customerExternalId: fresh(), getCustomerDetails: async () => ({email: 'a@b.c', name: 'Ada'})});
    assert.equal((await flowglad.getBilling()).customer.email, 'a@b.c');
  }
});
