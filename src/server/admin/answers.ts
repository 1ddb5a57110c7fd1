/** Names the shapes of what the API answers; they never change within one version. */
export const apiVersion = "chancery/v1";

/** What the API answers to what it cannot answer. */
export interface ApiError {
  readonly apiVersion: string;
  readonly kind: "Error";
  readonly message: string;
}

/** An error in words. */
export function problem(message: string): ApiError {
  return { apiVersion, kind: "Error", message };
}
