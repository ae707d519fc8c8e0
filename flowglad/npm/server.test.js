// @flowglad/server 0.18.0 with nothing set but FLOWGLAD_BASE_URL and FLOWGLAD_SECRET_KEY.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {binary, key, unsold, unsoldKey, fresh, scoped, onPro, buy, pay, proxied} = require('./place');

process.env.FLOWGLAD_BASE_URL = binary;
process.env.FLOWGLAD_SECRET_KEY = key;
const {FlowgladServer, FlowgladServerAdmin} = require('@flowglad/server');

const code = (error) => error?.error?.code;

test('a customer is found, or made with the details of the application', async () => {
  const name = fresh();
  const made = await scoped(FlowgladServer, name).findOrCreateCustomer();
  assert.equal(made.externalId, name);
  assert.equal(made.email, 'ada@example.com');
  const found = await scoped(FlowgladServer, name).findOrCreateCustomer();
  assert.equal(found.id, made.id);
  assert.deepEqual((await scoped(FlowgladServer, name).getCustomer()).customer, found);
  const session = new FlowgladServer({getRequestingCustomer: async () => ({externalId: name, name: 'Ada', email: 'ada@example.com'})});
  assert.equal((await session.findOrCreateCustomer()).id, made.id);
});

test('the four hooks of a new user\'s first page make one customer', async () => {
  for (let round = 0; round < 5; round++) {
    const name = fresh('new');
    const four = await Promise.all([1, 2, 3, 4].map(() => scoped(FlowgladServer, name).getBilling()));
    assert.equal(new Set(four.map((b) => b.customer.id)).size, 1);
    assert.equal(new Set(four.map((b) => b.currentSubscription.id)).size, 1);
  }
});

test('billing has all that an application reads', async () => {
  const name = fresh();
  const billing = await scoped(FlowgladServer, name).getBilling();
  for (const list of ['invoices', 'paymentMethods', 'purchases', 'subscriptions', 'currentSubscriptions']) assert(Array.isArray(billing[list]), list);
  assert.deepEqual(billing.catalog, billing.pricingModel);
  assert.equal(billing.currentSubscription.status, 'active');
  assert.equal(billing.currentSubscription.isFreePlan, true);
  assert.equal(billing.getProduct('pro').name, 'Pro');
  assert.equal(billing.getPrice('pro_monthly').unitPrice, 799);
  assert.equal(billing.getPrice('requests_100').type, 'single_payment');
  assert.equal(billing.getProduct('nothing'), null);
  assert.equal(billing.hasPurchased('pro'), false);
  assert.equal(billing.checkFeatureAccess('fast_generations'), false);
  const row = billing.checkUsageBalance('ai_requests');
  assert.deepEqual([row.availableBalance, row.usedBalance, row.balanceLimit], [20, 0, 20]);
  assert.equal(billing.checkUsageBalance('exports'), null, 'a meter that the plan has not, and nobody used, has no row');
  assert.deepEqual(billing.checkUsageBalance('tokens').availableBalance, 30000, 'tokens are paid from credits at 0.001');
});

test('a paying customer has what it pays for, whatever came before', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const billing = await onPro(flowglad);
  assert.equal(billing.subscriptions.length, 2);
  assert.equal(billing.currentSubscriptions.length, 1);
  assert.equal(billing.currentSubscriptions[0].name, 'Pro');
  assert.equal(billing.currentSubscription.isFreePlan, false);
  assert.equal(billing.checkFeatureAccess('fast_generations'), true);
  assert.equal(billing.checkFeatureAccess('fast_generations', {subscriptionId: billing.currentSubscription.id}), true);
  assert.equal(billing.checkUsageBalance('ai_requests').availableBalance, 1000);
  assert.equal(billing.checkUsageBalance('ai_requests', {subscriptionId: billing.currentSubscription.id}).availableBalance, 1000);
  const unlimited = billing.checkUsageBalance('exports');
  assert.equal(unlimited.balanceLimit, null);
  assert(unlimited.availableBalance > 1e9);
});

// The helpers below are those that the vendor's own documents print.
const findUsagePriceByMeterSlug = (slug, model) => {
  const meters = new Map(model.usageMeters.map((m) => [m.slug, m.id]));
  return model.products.flatMap((p) => p.prices).find((p) => p.type === 'usage' && p.usageMeterId === meters.get(slug));
};
const computeUsageTotal = (slug, subscription, model) => {
  const meters = new Map(model.usageMeters.map((m) => [m.id, m.slug]));
  return subscription.experimental.featureItems
    .filter((f) => f.type === 'usage_credit_grant' && meters.get(f.usageMeterId) === slug)
    .reduce((sum, f) => sum + f.amount, 0);
};
const isDefaultPlanBySlug = (model, priceSlug) => model.products.some((p) => p.default && p.prices.some((price) => price.slug === priceSlug));

test('the helpers of the vendor\'s documents work', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const billing = await onPro(flowglad);
  const price = findUsagePriceByMeterSlug('ai_requests', billing.pricingModel);
  await flowglad.createUsageEvent({subscriptionId: billing.currentSubscription.id, priceSlug: price.slug, amount: 7, transactionId: 'gen_1'});
  assert.equal(computeUsageTotal('ai_requests', billing.currentSubscription, billing.pricingModel), 1000);
  assert.equal(isDefaultPlanBySlug(billing.pricingModel, billing.currentSubscription.subscriptionItems[0].price.slug), false);
  assert.equal(isDefaultPlanBySlug(billing.pricingModel, billing.pricingModel.products.find((p) => p.default).prices[0].slug), true);
  const balance = (await flowglad.getBilling()).checkUsageBalance('ai_requests');
  assert.equal(`${balance.usedBalance.toLocaleString()} / ${balance.balanceLimit?.toLocaleString() ?? 'Unlimited'}`, '7 / 1,000');
  assert.equal(balance.availableBalance, 993);
});

test('usage counts once, by each of the four names of its meter', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const {currentSubscription} = await onPro(flowglad);
  const ways = [{usageMeterSlug: 'ai_requests'}, {usageMeterId: 'meter_ai_requests'}, {priceSlug: 'ai_requests_overage'}, {priceId: 'price_ai_requests_overage'}];
  const ids = new Set();
  for (const way of ways) {
    for (let again = 0; again < 2; again++) {
      const {usageEvent} = await flowglad.createUsageEvent({...way, amount: 3, subscriptionId: currentSubscription.id, transactionId: 'once', properties: {model: 'x'}});
      assert.equal(usageEvent.amount, 3);
      assert.deepEqual(usageEvent.properties, {model: 'x'});
      assert.equal(usageEvent.usageMeterId, 'meter_ai_requests');
      ids.add(usageEvent.id);
    }
  }
  assert.equal(ids.size, 1);
  const second = await flowglad.createUsageEvent({usageMeterSlug: 'tokens', amount: 2000, subscriptionId: currentSubscription.id, transactionId: 'once'});
  assert.equal(second.usageEvent.transactionId, 'once');
  const {usageMeterBalances} = await flowglad.getUsageMeterBalances();
  const used = Object.fromEntries(usageMeterBalances.map((row) => [row.slug, row.usedBalance]));
  assert.equal(used.ai_requests, 3);
  assert.equal(used.tokens, 2000);
  assert.equal(used.ai_credits, 2);
  const admin = new FlowgladServerAdmin({});
  assert.deepEqual((await admin.getUsageEvent(second.usageEvent.id)).usageEvent.id, second.usageEvent.id);
});

test('the package\'s own retries count once', async () => {
  const name = fresh();
  const {currentSubscription} = await scoped(FlowgladServer, name).getBilling();
  await proxied(binary, (n) => n <= 2, async (baseURL, seen) => {
    const {usageEvent} = await scoped(FlowgladServer, name, {baseURL, apiKey: key}).createUsageEvent({
      usageMeterSlug: 'ai_requests', amount: 5, subscriptionId: currentSubscription.id, transactionId: 'lost twice'});
    assert.equal(usageEvent.amount, 5);
    assert.deepEqual(seen.map((r) => r.headers['x-stainless-retry-count']), ['0', '1', '2']);
    assert.equal(new Set(seen.map((r) => r.body)).size, 1);
    assert.equal(seen[0].headers.authorization, key, 'the key goes without Bearer');
  });
  assert.equal((await scoped(FlowgladServer, name).getBilling()).checkUsageBalance('ai_requests').usedBalance, 5);
});

test('what is final is sent once', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const free = (await flowglad.getBilling()).currentSubscription;
  await flowglad.createUsageEvent({usageMeterSlug: 'ai_requests', amount: 1, subscriptionId: free.id, transactionId: 'tx'});
  const {currentSubscription: pro, customer} = await onPro(flowglad);
  const events = {amount: 1, usageMeterSlug: 'ai_requests'};
  const cases = [
    [409, 'CONFLICT', (f) => f.createUsageEvent({...events, subscriptionId: pro.id, transactionId: 'tx'})],
    [400, 'BAD_REQUEST', (f) => f.createUsageEvent({...events, subscriptionId: pro.id, transactionId: 'half', amount: 2.5})],
    [404, 'NOT_FOUND', (f) => f.createUsageEvent({...events, subscriptionId: pro.id, transactionId: 'x', usageMeterSlug: 'miles'})],
    [404, 'NOT_FOUND', (f) => f.createUsageEvent({...events, subscriptionId: 'sub_1', transactionId: 'x'})],
    [400, 'BAD_REQUEST', (f) => f.createCheckoutSession({priceSlug: 'gold', successUrl: 'https://a.test/', cancelUrl: 'https://a.test/'})],
  ];
  for (const [status, want, act] of cases) {
    await proxied(binary, () => false, async (baseURL, seen) => {
      await assert.rejects(act(scoped(FlowgladServer, customer.externalId, {baseURL, apiKey: key})), (error) => {
        assert.equal(error.status, status);
        assert.equal(code(error), want);
        return true;
      });
      const sent = seen.filter((r) => r.method === 'POST').length;
      assert.equal(sent, 1, `${want} was sent ${sent} times`);
    });
  }
});

test('a bulk is recorded, and once', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const {currentSubscription: {id: subscriptionId}} = await onPro(flowglad);
  const bulk = {usageEvents: [
    {amount: 1, subscriptionId, transactionId: 'b1', usageMeterSlug: 'ai_requests'},
    {amount: 4, subscriptionId, transactionId: 'b2', priceSlug: 'ai_requests_overage', properties: {a: 1}},
  ]};
  const first = await flowglad.bulkCreateUsageEvents(bulk);
  assert.deepEqual(first.usageEvents.map((e) => e.amount), [1, 4]);
  assert.deepEqual(await new FlowgladServerAdmin({}).bulkCreateUsageEvents(bulk), first);
  assert.equal((await flowglad.getBilling()).checkUsageBalance('ai_requests').usedBalance, 5);
});

test('any externalId will do', async () => {
  for (const name of ['auth0|a/b c@x.io', '/', 'a//b', 'ünï', 'a+b', '<&"\'>', 'x'.repeat(255), 'user:1;2,3', 'a=b&c']) {
    const own = `${name.slice(0, 230)}${fresh()}`;
    const flowglad = scoped(FlowgladServer, own);
    assert.equal((await flowglad.getBilling()).customer.externalId, own);
    assert((await flowglad.getUsageMeterBalances()).usageMeterBalances.length > 0, own);
    await flowglad.updateCustomer({customer: {id: 'x', name: 'Odd'}});
    assert.equal((await flowglad.getCustomer()).customer.name, 'Odd');
  }
});

test('a customer is archived, and comes back', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const {customer} = await onPro(flowglad);
  assert.equal((await flowglad.archiveCustomer(customer.externalId)).archived, true);
  await assert.rejects(flowglad.getCustomer(), (error) => code(error) === 'NOT_FOUND');
  const back = await flowglad.getBilling();
  assert.equal(back.customer.id, customer.id);
  assert.equal(back.currentSubscription.isFreePlan, true);
});

test('a customer buys a plan and changes it', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const bought = await buy(flowglad, 'max_monthly', (b) => b.currentSubscription.name === 'Max' && b.invoices.length > 0);
  const {id} = bought.currentSubscription;
  assert.equal(bought.currentSubscription.isFreePlan, false);
  assert.equal(bought.currentSubscriptions.length, 1);
  assert.equal(bought.checkUsageBalance('ai_requests').availableBalance, 5000);
  assert.equal(bought.checkFeatureAccess('fast_generations'), true);
  assert.equal(bought.invoices[0].invoice.status, 'paid');
  assert.equal(bought.invoices[0].invoice.subtotal, 1999);
  await assert.rejects(flowglad.createCheckoutSession({priceSlug: 'pro_monthly', successUrl: 'https://a.test/', cancelUrl: 'https://a.test/'}), (e) => e.status === 409, 'one subscription at a time');
  const {subscription} = await flowglad.cancelSubscription({id, cancellation: {timing: 'at_end_of_current_billing_period'}});
  assert.equal(subscription.status, 'cancellation_scheduled');
  assert.equal(subscription.cancelScheduledAt, subscription.currentBillingPeriodEnd);
  assert.equal((await flowglad.getBilling()).currentSubscription.status, 'cancellation_scheduled');
  assert.equal((await flowglad.uncancelSubscription({id})).subscription.status, 'active');
  const other = scoped(FlowgladServer, fresh());
  await other.getBilling();
  await assert.rejects(other.cancelSubscription({id, cancellation: {timing: 'immediately'}}), /not owned/);
  const later = await flowglad.adjustSubscription({priceSlug: 'pro_monthly'});
  assert.deepEqual([later.isUpgrade, later.resolvedTiming, later.subscription.name], [false, 'at_end_of_current_billing_period', 'Max']);
  const now = await flowglad.adjustSubscription({priceSlug: 'pro_yearly', timing: 'immediately'});
  assert.deepEqual([now.isUpgrade, now.resolvedTiming, now.subscription.name], [false, 'immediately', 'Pro']);
  assert.equal((await flowglad.getBilling()).currentSubscription.interval, 'year');
  const up = await flowglad.adjustSubscription({priceSlug: 'max_monthly'});
  assert.deepEqual([up.isUpgrade, up.resolvedTiming, up.subscription.name], [true, 'immediately', 'Max']);
  const left = await flowglad.cancelSubscription({id: up.subscription.id, cancellation: {timing: 'immediately'}});
  assert.equal(left.subscription.status, 'canceled');
  assert.equal((await flowglad.getBilling()).currentSubscription.isFreePlan, true);
});

test('a customer tries a plan, and a card that does not pay changes nothing', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const before = await flowglad.getBilling();
  const {url} = await flowglad.createCheckoutSession({priceSlug: 'max_monthly', successUrl: 'https://a.test/ok', cancelUrl: 'https://a.test/no'});
  assert.match(await pay(url, '4000 0000 0000 0002'), /declined/);
  assert.equal((await flowglad.getBilling()).currentSubscription.id, before.currentSubscription.id);
  const {currentSubscription: trial} = await buy(flowglad, 'pro_monthly', (b) => b.currentSubscription.name === 'Pro');
  assert.equal(trial.status, 'trialing');
  assert(trial.trialEnd > Date.now());
});

test('a plan that is not charged is cancelled at once, or not at all', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const {currentSubscription: {id}} = await onPro(flowglad);
  await assert.rejects(flowglad.cancelSubscription({id, cancellation: {timing: 'at_end_of_current_billing_period'}}), (e) => e.status === 400);
  await assert.rejects(flowglad.adjustSubscription({priceSlug: 'pro_yearly'}), (e) => e.status === 400);
  assert.equal((await flowglad.cancelSubscription({id, cancellation: {timing: 'immediately'}})).subscription.status, 'canceled');
  assert.equal((await flowglad.getBilling()).currentSubscription.isFreePlan, true);
});

test('a customer buys a top-up', async () => {
  const flowglad = scoped(FlowgladServer, fresh());
  const billing = await buy(flowglad, 'requests_100', (b) => b.checkUsageBalance('ai_requests').availableBalance === 120);
  assert.equal(billing.hasPurchased('requests_100'), true);
  assert.equal(billing.purchases[0].firstInvoiceValue, 199);
});

test('without a Stripe key a subscription stays as it is, and says why, once', async () => {
  const name = fresh();
  const poor = (options = {}) => scoped(FlowgladServer, name, {baseURL: unsold, apiKey: unsoldKey, ...options});
  const flowglad = poor();
  const {currentSubscription: {id}, customer} = await onPro(flowglad);
  assert.equal((await flowglad.uncancelSubscription({id})).subscription.status, 'active');
  for (const act of [
    (f) => f.cancelSubscription({id, cancellation: {timing: 'immediately'}}),
    (f) => f.adjustSubscription({priceSlug: 'pro_yearly'}),
    (f) => f.createCheckoutSession({priceSlug: 'pro_monthly', successUrl: 'https://a.test/', cancelUrl: 'https://a.test/'}),
    (f) => f.createSubscription({customerId: customer.id, priceSlug: 'pro_yearly'}),
  ]) {
    await proxied(unsold, () => false, async (baseURL, seen) => {
      await assert.rejects(act(poor({baseURL})), (error) => {
        assert.equal(error.status, 503);
        assert.equal(code(error), 'payments_not_configured');
        return true;
      });
      assert.equal(seen.filter((r) => r.method === 'POST').length, 1);
    });
  }
  const billing = await flowglad.getBilling();
  assert.deepEqual([billing.currentSubscription.id, billing.invoices, billing.billingPortalUrl], [id, [], '']);
});

test('seats are claimed and released', async () => {
  const flowglad = scoped(FlowgladServer, fresh('team'));
  await onPro(flowglad);
  assert.deepEqual((await flowglad.getResourceUsages()).resources, [{resourceSlug: 'seats', resourceId: 'res_seats', capacity: 10, claimed: 0, available: 10}]);
  const {claims} = await flowglad.claimResource({resourceSlug: 'seats', externalId: 'u9', metadata: {a: 'b'}});
  assert.deepEqual([claims[0].externalId, claims[0].metadata], ['u9', {a: 'b'}]);
  assert.equal((await flowglad.claimResource({resourceSlug: 'seats', externalId: 'u9'})).claims[0].id, claims[0].id);
  const many = await flowglad.claimResource({resourceSlug: 'seats', quantity: 3});
  assert.equal(many.usage.claimed, 4);
  await assert.rejects(flowglad.claimResource({resourceSlug: 'seats', externalIds: Array.from({length: 7}, (_, i) => `v${i}`)}), (e) => e.status === 400);
  assert.equal((await flowglad.getResourceUsage({resourceSlug: 'seats'})).usage.claimed, 4);
  assert.equal((await flowglad.listResourceClaims({resourceSlug: 'seats'})).claims.length, 4);
  assert.equal((await flowglad.releaseResource({resourceSlug: 'seats', quantity: 2})).usage.claimed, 2);
  assert.equal((await flowglad.releaseResource({resourceSlug: 'seats', claimIds: [claims[0].id]})).releasedClaims[0].externalId, 'u9');
  const racers = await Promise.allSettled(Array.from({length: 20}, (_, i) => flowglad.claimResource({resourceSlug: 'seats', externalId: `racer${i}`})));
  assert.equal(racers.filter((r) => r.status === 'fulfilled').length, 9);
});

test('the administrator reads and writes the catalog', async () => {
  const admin = new FlowgladServerAdmin({});
  const {pricingModel} = await admin.getDefaultPricingModel();
  assert.equal((await admin.getPricingModel(pricingModel.id)).pricingModel.products.length, pricingModel.products.length);
  await assert.rejects(admin.clonePricingModel(pricingModel.id, {name: 'copy'}), (e) => e.status === 400);
  const slug = fresh('meter').toLowerCase();
  const {usageMeter} = await admin.createUsageMeter({usageMeter: {name: 'Calls', slug, pricingModelId: pricingModel.id}});
  assert.equal((await admin.getUsageMeter(usageMeter.id)).usageMeter.slug, slug);
  assert.equal((await admin.updateUsageMeter(usageMeter.id, {usageMeter: {id: usageMeter.id, name: 'API calls'}})).usageMeter.name, 'API calls');
  const flowglad = scoped(FlowgladServer, fresh());
  const {currentSubscription} = await flowglad.getBilling();
  await flowglad.createUsageEvent({usageMeterSlug: slug, amount: 2, subscriptionId: currentSubscription.id, transactionId: 'c1'});
  assert.equal((await flowglad.getBilling()).checkUsageBalance(slug).usedBalance, 2);
  const team = fresh('team').toLowerCase();
  const {product} = await admin.createProduct({
    product: {name: 'Team', slug: team, pricingModelId: pricingModel.id, active: true, default: false},
    price: {type: 'subscription', isDefault: true, unitPrice: 2900, intervalUnit: 'month', intervalCount: 1, slug: `${team}_monthly`},
  });
  await admin.updateProduct(product.id, {product: {id: product.id, name: 'Teams', active: true}});
  const billing = await flowglad.getBilling();
  assert.equal(billing.getProduct(team).name, 'Teams');
  assert.equal(billing.getPrice(`${team}_monthly`).unitPrice, 2900);
});

test('the base URL may end as it likes', async () => {
  const name = fresh();
  const root = new URL(binary).origin;
  for (const baseURL of [binary, `${binary}/`, root, `${root}/`, `${root}/api/v1`, `${binary}/api/v1`]) {
    assert.equal((await scoped(FlowgladServer, name, {baseURL, apiKey: key}).getBilling()).customer.externalId, name, baseURL);
  }
});

test('a wrong key is refused', async () => {
  await assert.rejects(scoped(FlowgladServer, fresh(), {apiKey: 'sk_test_wrong'}).getBilling(), (e) => e.status === 401 && code(e) === 'UNAUTHORIZED');
});
