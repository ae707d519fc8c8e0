// @flowglad/node 0.29.0: its lists and what else it can ask.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {binary, key, unsold, unsoldKey, fresh, scoped, buy} = require('./place');

process.env.FLOWGLAD_BASE_URL = binary;
process.env.FLOWGLAD_SECRET_KEY = key;
const {Flowglad} = require('@flowglad/node');
const {FlowgladServer} = require('@flowglad/server');
const flowglad = new Flowglad();

test('every list is a list', async () => {
  await flowglad.customers.create({customer: {externalId: fresh(), email: 'a@b.c', name: 'Ada'}});
  for (const name of ['customers', 'subscriptions', 'products', 'prices', 'usageMeters', 'pricingModels', 'checkoutSessions', 'discounts', 'invoices', 'invoiceLineItems', 'payments', 'paymentMethods']) {
    const page = await flowglad[name].list({limit: '2'});
    assert(Array.isArray(page.data), name);
    assert.equal(typeof page.hasMore, 'boolean', name);
    assert.equal(typeof page.total, 'number', name);
  }
  assert.equal((await flowglad.resources.list({pricingModelId: 'pm_catalog'})).resources[0].slug, 'seats');
});

test('a list goes on from its cursor until all are seen', async () => {
  const names = [];
  for (let i = 0; i < 5; i++) names.push((await flowglad.customers.create({customer: {externalId: fresh('paged'), email: '', name: ''}})).data.customer.externalId);
  for (const [resource, id] of [['customers', 'externalId'], ['subscriptions', 'id'], ['prices', 'id']]) {
    const seen = [];
    let cursor;
    do {
      const page = await flowglad[resource].list({limit: '2', ...(cursor && {cursor})});
      assert(page.data.length <= 2);
      seen.push(...page.data.map((one) => one[id]));
      cursor = page.nextCursor;
      assert.equal(page.hasMore, Boolean(cursor));
      if (!page.hasMore) assert.equal(page.total, seen.length, resource);
    } while (cursor);
    assert.equal(new Set(seen).size, seen.length);
    if (resource === 'customers') for (const name of names) assert(seen.includes(name));
  }
});

test('one of each', async () => {
  const name = fresh();
  const {data} = await flowglad.customers.create({customer: {externalId: name, email: 'a@b.c', name: 'Ada'}});
  assert.equal((await flowglad.customers.retrieve(name)).customer.id, data.customer.id);
  assert.equal((await flowglad.customers.update(name, {customer: {id: data.customer.id, name: 'Ada L'}})).customer.name, 'Ada L');
  assert.equal((await flowglad.customers.retrieveBilling(name)).customer.name, 'Ada L');
  assert.equal((await flowglad.subscriptions.retrieve(data.subscription.id)).subscription.customerId, data.customer.id);
  assert.equal((await flowglad.products.retrieve('prod_pro')).defaultPrice.unitPrice, 799);
  assert.equal((await flowglad.usageMeters.retrieve('meter_ai_requests')).usageMeter.slug, 'ai_requests');
  assert.equal((await flowglad.resources.retrieve('res_seats')).resource.name, 'Seats');
  assert.equal((await flowglad.pricingModels.retrieveDefault()).pricingModel.id, 'pm_catalog');
  assert.deepEqual(await flowglad.resourceClaims.listUsages(data.subscription.id, {resourceSlugs: ['seats', 'x']}), await flowglad.resourceClaims.listUsages(data.subscription.id));
  for (const kind of ['invoices', 'payments', 'discounts', 'checkoutSessions']) {
    await assert.rejects(flowglad[kind].retrieve('none_1'), (e) => e.status === 404 && e.error.code === 'NOT_FOUND');
  }
});

test('what a customer paid is listed, and refunded once', async () => {
  const name = fresh();
  const session = scoped(FlowgladServer, name);
  await buy(session, 'max_monthly', (b) => b.currentSubscription.name === 'Max');
  const billing = await buy(session, 'requests_100', (b) => b.hasPurchased('requests_100') && b.invoices.length === 2);
  const own = async (kind) => (await flowglad[kind].list({limit: '100'})).data.filter((one) => one.customerId === billing.customer.id);
  assert.deepEqual((await own('invoices')).map((i) => i.id), billing.invoices.map(({invoice}) => invoice.id));
  assert.deepEqual((await own('paymentMethods')).map((m) => m.id).sort(), billing.paymentMethods.map((m) => m.id).sort());
  const payments = await own('payments');
  assert.deepEqual(payments.map((p) => p.amount).sort(), [1999, 199].sort());
  const sessions = await own('checkoutSessions');
  assert.deepEqual(sessions.map((s) => [s.status, s.priceId]), [['succeeded', 'price_requests_100'], ['succeeded', 'price_max_monthly']]);
  const {invoice, invoiceLineItems} = await flowglad.invoices.retrieve(billing.invoices[0].invoice.id);
  assert.deepEqual({invoice, invoiceLineItems}, billing.invoices[0]);
  assert.deepEqual(await flowglad.invoiceLineItems.retrieve(invoiceLineItems[0].id), invoiceLineItems[0]);
  const topUp = payments.find((p) => p.amount === 199);
  const refunded = await flowglad.payments.refund(topUp.id, {});
  assert.deepEqual([refunded.payment.status, refunded.payment.refundedAmount], ['refunded', 199]);
  assert.deepEqual((await flowglad.payments.retrieve(topUp.id)).payment, refunded.payment);
  const after = await session.getBilling();
  assert.equal(after.hasPurchased('requests_100'), false);
  assert.equal(after.checkUsageBalance('ai_requests').availableBalance, 5000, 'what a refund had bought is taken back');
});

test('without a Stripe key, what needs one says so', async () => {
  const poor = new Flowglad({baseURL: unsold, apiKey: unsoldKey});
  const {data} = await poor.customers.create({customer: {externalId: fresh(), email: '', name: ''}});
  await assert.rejects(poor.subscriptions.uncancel(data.subscription.id), (e) => e.error.code === 'payments_not_configured');
  await assert.rejects(poor.payments.refund('pay_1', {}), (e) => e.error.code === 'payments_not_configured');
});
