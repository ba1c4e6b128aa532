// How components reach the till.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Shop } from '../engine/port.ts';
import type { Till } from './till.ts';

export const TillContext = createContext<Till | undefined>(undefined);
export const ShopContext = createContext<Shop | undefined>(undefined);

export function useTill(): Till {
  const till = useContext(TillContext);
  if (till === undefined) throw new Error('useTill outside of TillContext');
  return till;
}

export function useShop(): Shop {
  const shop = useContext(ShopContext);
  if (shop === undefined) throw new Error('useShop outside of an open till');
  return shop;
}
