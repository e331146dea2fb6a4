-- CreateTable
CREATE TABLE "PortLink" (
    "hash" TEXT NOT NULL,
    "workspaceId" TEXT NOT NULL,
    "labId" TEXT NOT NULL,
    "port" INTEGER NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "PortLink_pkey" PRIMARY KEY ("hash")
);

-- CreateIndex
CREATE INDEX "PortLink_workspaceId_idx" ON "PortLink"("workspaceId");

-- AddForeignKey
ALTER TABLE "PortLink" ADD CONSTRAINT "PortLink_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;
