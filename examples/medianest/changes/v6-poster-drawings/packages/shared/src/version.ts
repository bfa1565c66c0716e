/** The product's version, shown in the page's footer and by `/version`. */
export const version = '1.4.0';
