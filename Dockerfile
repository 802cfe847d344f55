# syntax=docker/dockerfile:1
# The production image: Node 24, no compiler, no shell needed to run, nothing written outside /tmp.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --include=dev --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/public ./public
COPY --from=build /app/views ./views
COPY --from=build /app/bin ./bin
COPY --from=build /app/scripts/bootstrap.mjs /app/scripts/child.mjs ./scripts/
# The program's files belong to root and are only read; .demo is there for the sample programs of docker-compose.yml.
RUN ["node", "-e", "const fs = require('node:fs'); fs.symlinkSync('/app/bin/educonnect.mjs', '/usr/local/bin/educonnect'); fs.mkdirSync('/app/.demo'); fs.chownSync('/app/.demo', 1000, 1000)"]
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
