// The goods: search, categories, tiles. Typing anywhere on the screen searches, Enter adds the first match.
import type { VNode } from 'preact';
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Product } from '../engine/port.ts';
import { addProduct, countInCart, oneOf } from '../model/cart.ts';
import { parseDecimal } from '../model/money.ts';
import { localDay } from '../model/business-day.ts';
import { looksEntitled, looksScanned } from '../model/scanned.ts';
import { parseQuery, type Query, searchProducts } from '../model/search.ts';
import { dayText } from '../model/time.ts';
import { refusalText } from '../model/words.ts';
import { useShop, useTill } from '../state/context.ts';
import type { Till } from '../state/till.ts';
import { Icon } from './icons.tsx';
import { LinkChip } from './link-chip.tsx';
import { WithEntitlementScreens } from './loaded.tsx';
import { ScanSaleChoice, useScanSale } from './scan-sale.tsx';
import { QuantityDialog } from './quantity-dialog.tsx';
import { hueStyle, Tile } from './tile.tsx';

const mostTiles = 240;

export function Goods({ onCharge }: { readonly onCharge: () => void }): VNode {
  const till = useTill();
  const products = till.products.value;
  const [typed, setTyped] = useState('');
  const [category, setCategory] = useState<string>();
  const [weighing, setWeighing] = useState<Product>();
  const [token, setToken] = useState<string>();
  const search = useRef<HTMLInputElement>(null);
  const scanSale = useScanSale();
  const { isVan = false } = useShop();
  useTypeToSearch(search);

  const query = parseQuery(typed);
  const categories = useMemo(() => [...new Set((products ?? []).map((product) => product.category))], [products]);
  const shown = useMemo(() => {
    const inCategory = (products ?? []).filter((product) => category === undefined || product.category === category);
    return searchProducts(query.text === '' ? inCategory : (products ?? []), query.text);
  }, [products, category, query.text]);

  const add = (product: Product, count?: string): void => {
    const quantity = count === undefined ? undefined : parseDecimal(count, product.unitScale);
    if (count === undefined && product.unitScale > 0) return setWeighing(product);
    if (count !== undefined && quantity === undefined) return sayCount(till, product, count);
    addToCart(till, product, quantity ?? oneOf(product));
    setTyped('');
  };
  const awaited = useRef(0);
  const enter = (): void => {
    const [first] = shown;
    if (looksEntitled(typed)) {
      setToken(typed.trim());
      return setTyped('');
    }
    // What was scanned a moment ago belongs to this sale.
    if (typed.trim() === '') return awaited.current === 0 ? onCharge() : undefined;
    if (first !== undefined && first.sku === query.text && query.count === undefined && scanSale.tender !== undefined) {
      scanSale.sell(first);
      return setTyped('');
    }
    if (first !== undefined && (first.sku === query.text || !looksScanned(query.text))) return add(first, query.count);
    // The next scan may begin before this one is answered.
    setTyped('');
    awaited.current += 1;
    void addScanned(till, query, scanSale.tender === undefined ? undefined : scanSale.sell).finally(
      () => (awaited.current -= 1),
    );
  };

  return (
    <section class="goods" aria-label="Goods">
      <h1 class="hidden">Sell</h1>
      <div class="goods-bar">
        <SearchField field={search} value={typed} onInput={setTyped} onEnter={enter} />
        <LinkChip />
      </div>
      {isVan && <ScanSaleChoice scanSale={scanSale} />}
      <Categories categories={categories} chosen={category} onChoose={setCategory} isSearching={query.text !== ''} />
      <Tiles
        products={products === undefined ? undefined : shown}
        categories={categories}
        isSearching={query.text !== ''}
        query={query.text}
        onAdd={useSame((product: Product) => add(product, query.count))}
      />
      {token !== undefined && (
        <WithEntitlementScreens
          show={({ EntitlementDialog }) => <EntitlementDialog url={token} onClose={() => setToken(undefined)} />}
        />
      )}
      {weighing !== undefined && (
        <QuantityDialog
          title={weighing.name}
          scale={weighing.unitScale}
          start=""
          onClose={() => setWeighing(undefined)}
          onQuantity={(quantity) => {
            addToCart(till, weighing, quantity);
            setWeighing(undefined);
            setTyped('');
          }}
        />
      )}
    </section>
  );
}

/** A function that stays the same one from drawing to drawing and does what the newest would do: what gets it is not drawn anew. */
function useSame<T>(work: (value: T) => void): (value: T) => void {
  const newest = useRef(work);
  newest.current = work;
  return useCallback((value: T) => newest.current(value), []);
}

function addToCart(till: Till, product: Product, quantity: number, lot?: string): void {
  till.cart.value = addProduct(till.cart.value, product, quantity, lot);
  const inCart = countInCart(till.cart.value, product.sku);
  till.announcement.value = `${product.name} added, ${inCart} in the cart`;
}

/** Adds what a code stands for, `count` times where one was typed before it; on a van that sells by the scan, sells it. */
async function addScanned(
  till: Till,
  { text, count }: Query,
  sell: ((product: Product, lot?: string) => void) | undefined,
): Promise<void> {
  const found = await till.engine.scan(text);
  if (!found.ok) return say(till, refusalText(found.code, found.message));
  const { sku, quantity, lot, expiry } = found.value;
  const product = till.products.value?.find((candidate) => candidate.sku === sku);
  if (product === undefined) return say(till, `${sku} is not on sale today: it has no price, or is not active.`);
  const times = count === undefined ? 1 : parseDecimal(count, 0);
  if (times === undefined) return sayCount(till, product, count ?? '');
  if (sell === undefined) addToCart(till, product, quantity * times, lot);
  // One unit a scan; a pack, a weight or `3*` is rung up.
  else if (quantity === oneOf(product) && times === 1) sell(product, lot);
  else addToCart(till, product, quantity * times, lot);
  if (expiry !== undefined && expiry < localDay(new Date()))
    say(till, `${product.name} is past its date, ${dayText(expiry)}.`);
}

/** Shown to who looks and read out to who listens. */
function say(till: Till, text: string): void {
  till.toast.value = { text };
}

function sayCount(till: Till, product: Product, count: string): void {
  till.toast.value = { text: `${product.name} is sold in whole pieces, not ${count}` };
}

/** Any printable key that no other field wants goes to the search field. */
function useTypeToSearch(search: { readonly current: HTMLInputElement | null }): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (event.key.length !== 1 || event.key === ' ') return;
      if (target instanceof HTMLElement && target.closest('input, textarea, select, dialog') !== null) return;
      search.current?.focus();
      if (event.key === '/') event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

interface SearchFieldProps {
  readonly field: { current: HTMLInputElement | null };
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly onEnter: () => void;
}

function SearchField({ field, value, onInput, onEnter }: SearchFieldProps): VNode {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && value !== '') {
      event.preventDefault();
      onInput('');
    } else if (event.key === 'Enter' && !event.repeat && !event.isComposing) {
      event.preventDefault();
      onEnter();
    }
  };
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        value={value}
        aria-label="Search goods"
        placeholder="Search or scan"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        enterkeyhint="done"
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <kbd class="search-key">/</kbd>
    </div>
  );
}

interface CategoriesProps {
  readonly categories: readonly string[];
  readonly chosen: string | undefined;
  readonly onChoose: (category: string | undefined) => void;
  readonly isSearching: boolean;
}

function Categories({ categories, chosen, onChoose, isSearching }: CategoriesProps): VNode | null {
  if (categories.length < 2) return null;
  return (
    <div class="chips" role="group" aria-label="Categories" data-muted={isSearching}>
      <button type="button" class="chip" aria-pressed={chosen === undefined} onClick={() => onChoose(undefined)}>
        All
      </button>
      {categories.map((category, index) => (
        <button
          key={category}
          type="button"
          class="chip"
          style={hueStyle(index)}
          aria-pressed={chosen === category}
          onClick={() => onChoose(chosen === category ? undefined : category)}
        >
          <span class="chip-dot" aria-hidden="true" />
          {category === '' ? 'Other' : category}
        </button>
      ))}
    </div>
  );
}

interface TilesProps {
  readonly products: readonly Product[] | undefined;
  readonly categories: readonly string[];
  readonly isSearching: boolean;
  readonly query: string;
  readonly onAdd: (product: Product) => void;
}

function Tiles({ products, categories, isSearching, query, onAdd }: TilesProps): VNode {
  if (products === undefined) return <TileSkeleton />;
  if (products.length === 0) return <NoGoods query={query} />;
  return (
    <div class="tiles-scroll">
      <ul class="tiles">
        {products.slice(0, mostTiles).map((product, index) => (
          <li key={product.sku}>
            <Tile
              product={product}
              hue={categories.indexOf(product.category)}
              isTarget={isSearching && index === 0}
              onAdd={onAdd}
            />
          </li>
        ))}
      </ul>
      {products.length > mostTiles && (
        <p class="tiles-more">{products.length - mostTiles} more. Search or choose a category to find them.</p>
      )}
    </div>
  );
}

function NoGoods({ query }: { readonly query: string }): VNode {
  return query === '' ? (
    <div class="empty">
      <Icon name="sell" size={40} />
      <h2>No goods yet</h2>
      <p>They appear here as soon as the office has added them and this till has received them.</p>
    </div>
  ) : (
    <div class="empty">
      <Icon name="search" size={40} />
      <h2>Nothing matches “{query}”</h2>
      <p>Try the start of a word, or the article number.</p>
    </div>
  );
}

function TileSkeleton(): VNode {
  return (
    <ul class="tiles" aria-hidden="true">
      {Array.from({ length: 12 }, (_, index) => (
        <li key={index} class="tile tile-skeleton" />
      ))}
    </ul>
  );
}
