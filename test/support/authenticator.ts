import type { CDPSession, Page } from 'playwright-core';

export type StoredKey = {
  credentialId: string;
  isResidentCredential: boolean;
  rpId?: string;
  privateKey: string;
  userHandle?: string;
  signCount: number;
};

/** What a phone or a computer has behind its finger or face, without either: Chromium's virtual authenticator. */
export type Authenticator = {
  keys(): Promise<StoredKey[]>;
  /** Puts a key into it, as somebody does who has copied it. */
  put(key: StoredKey): Promise<void>;
  /** Whether its holder is recognised. */
  recognise(holder: boolean): Promise<void>;
};

/** Gives the browser of this page an authenticator. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    async keys() {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      return credentials as StoredKey[];
    },
    async put(credential) {
      await session.send('WebAuthn.addCredential', { authenticatorId, credential });
    },
    async recognise(isUserVerified) {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
    },
  };
}
