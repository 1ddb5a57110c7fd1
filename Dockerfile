# Two stages: one that has compilers and tests' tools, one that has what runs.
FROM node:20-bookworm-slim AS build
WORKDIR /chancery
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json ./
COPY protos protos
COPY scripts scripts
COPY src src
COPY data-plane data-plane
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
WORKDIR /chancery
ENV NODE_ENV=production
COPY --from=build /chancery/node_modules node_modules
COPY --from=build /chancery/dist dist
COPY --from=build /chancery/src/schema/generated/descriptors.json.gz src/schema/generated/
COPY --from=build /chancery/package.json ./
COPY examples/quickstart /etc/chancery/config
RUN ln -s /chancery/dist/src/main.js /usr/local/bin/chancery \
  && chmod 755 /chancery/dist/src/main.js \
  && install -d -o node -g node /var/lib/chancery
USER node
VOLUME /var/lib/chancery
STOPSIGNAL SIGTERM
# xDS and the admin API. Both listen on loopback unless a flag says otherwise, here as anywhere.
EXPOSE 18000 19000
ENTRYPOINT ["chancery"]
CMD ["serve", "/etc/chancery/config", "--state-dir", "/var/lib/chancery"]
