// @flowglad/node 0.29.0: its lists and what else it can ask.

const assert = require('node:assert/strict');
const {test} = require('node:test');
const {binary, key, unsold, unsoldKey, fresh} = require('./place');

process.env.FLOWGLAD_BASE_URL = binary;
process.env.FLOWGLAD_SECRET_KEY = key;
const {Flowglad} = require('@flowglad/node');
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

test('without a Stripe key, what needs one says so', async () => {
  const poor = new Flowglad({baseURL: unsold, apiKey: unsoldKey});
  const {data} = await poor.customers.create({customer: {externalId: fresh(), email: '', name: ''}});
  await assert.rejects(poor.subscriptions.uncancel(data.subscription.id), (e) => e.error.code === 'payments_not_configured');
  await assert.rejects(poor.payments.refund('pay_1', {}), (e) => e.error.code === 'payments_not_configured');
});
