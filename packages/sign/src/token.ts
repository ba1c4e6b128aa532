// @tallystick/sign/token: coupons, credits and prizes as signed URLs, and who claimed them. Spec: docs/spec/token.md.
export {
  type Claim,
  claimArgs,
  type Claimer,
  type Claims,
  claimVerb,
  createClaims,
  type Presentation,
  presentToken,
  proveDoubleClaim,
  verifyClaim,
  verifyPresentation,
} from './token-claim.ts';
export { encodeAnswer, encodeAsk, parseAnswer, parseAsk, type TokenAsk } from './token-text.ts';
export {
  maxTokenUrlLength,
  mintToken,
  parseTokenUrl,
  type Token,
  type TokenCheck,
  type TokenDraft,
  type TokenHash,
  type TokenKind,
  verifyToken,
} from './token-url.ts';
export {
  openWallet,
  type ShownToken,
  type Wallet,
  type WalletEntry,
  type WalletOptions,
  type WalletStore,
} from './wallet.ts';
